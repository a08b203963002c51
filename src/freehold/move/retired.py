"""What was put away must not hold on to what others have: views and the like that reach out of it are dropped.

They hold no rows of their own, and the service has them at its new home. Left there they would keep the other service
from changing its tables, and Freehold from taking a foreign table away that nobody reads any more.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from freehold.sqltext import Sql, join, literal, sql

_LET_GO: Final = """\
DECLARE
    one record;
BEGIN
    FOR one IN
        WITH RECURSIVE mine AS (
            SELECT n.oid FROM pg_catalog.pg_namespace AS n WHERE n.nspname IN ({})
        ), thing AS (
            SELECT 'pg_catalog.pg_rewrite'::regclass AS catalog, w.oid, 'pg_catalog.pg_class'::regclass AS as_catalog,
                   c.oid AS as_oid, pg_catalog.format('DROP %sVIEW %s',
                       CASE c.relkind WHEN 'm' THEN 'MATERIALIZED ' END, c.oid::regclass) AS dropped
              FROM pg_catalog.pg_rewrite AS w JOIN pg_catalog.pg_class AS c ON c.oid = w.ev_class
             WHERE c.relnamespace IN (SELECT m.oid FROM mine AS m) AND c.relkind IN ('v', 'm') AND w.ev_type = '1'
            UNION ALL
            SELECT 'pg_catalog.pg_policy'::regclass, p.oid, 'pg_catalog.pg_policy'::regclass, p.oid,
                   pg_catalog.format('DROP POLICY %I ON %s', p.polname, c.oid::regclass)
              FROM pg_catalog.pg_policy AS p JOIN pg_catalog.pg_class AS c ON c.oid = p.polrelid
             WHERE c.relnamespace IN (SELECT m.oid FROM mine AS m)
            UNION ALL
            SELECT 'pg_catalog.pg_proc'::regclass, p.oid, 'pg_catalog.pg_proc'::regclass, p.oid,
                   pg_catalog.format('DROP ROUTINE %s', p.oid::regprocedure)
              FROM pg_catalog.pg_proc AS p WHERE p.pronamespace IN (SELECT m.oid FROM mine AS m)
        ), reaching AS (
            SELECT t.as_catalog, t.as_oid, t.dropped, 0 AS depth FROM thing AS t
              JOIN pg_catalog.pg_depend AS d ON d.classid = t.catalog AND d.objid = t.oid
                  AND d.refclassid = 'pg_catalog.pg_class'::regclass
              JOIN pg_catalog.pg_class AS c ON c.oid = d.refobjid
              JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
             WHERE n.oid NOT IN (SELECT m.oid FROM mine AS m) AND n.nspname NOT LIKE 'pg\\_%'
               AND n.nspname NOT IN ('information_schema', 'freehold')
               AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS x WHERE x.classid = d.refclassid
                   AND x.objid = c.oid AND x.deptype = 'e')
            UNION
            SELECT t.as_catalog, t.as_oid, t.dropped, r.depth + 1 FROM reaching AS r
              JOIN pg_catalog.pg_depend AS d ON d.refclassid = r.as_catalog AND d.refobjid = r.as_oid
              JOIN thing AS t ON t.catalog = d.classid AND t.oid = d.objid
                  AND (t.as_catalog, t.as_oid) <> (r.as_catalog, r.as_oid)
        )
        SELECT r.dropped FROM reaching AS r GROUP BY r.as_catalog, r.as_oid, r.dropped
         ORDER BY pg_catalog.max(r.depth) DESC
    LOOP
        EXECUTE one.dropped;
    END LOOP;
END"""


def let_go(schemas: Iterable[str]) -> Sql:
    """Drop what reaches out of these schemas, what stands on it first; refused where something of others does."""
    return sql("DO {}", literal(sql(_LET_GO, join(", ", [literal(name) for name in schemas])).shown()))
