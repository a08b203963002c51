"""What stands on relations that are to be replaced by others of the same names, let go of them and put back on.

PostgreSQL binds a view to the relation it reads and not to that one's name, so a relation cannot be replaced under it.
``let_go`` makes a view, a policy or a function with a SQL body read nothing for a moment, as the same object: owner,
rights, comments and whatever stands on it in turn stay. A materialized view has no such moment: it is dropped, and
``put_back`` makes it again with its indexes, rights, comments and rows. Both belong into one transaction with what
comes between them, so that nobody sees it; and a column that changes its type under a view is refused as it is where
the view stands on the table itself.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from freehold.sqltext import Sql, join, literal, sql

RETIRED = "freehold_moved_"
"""How schemas begin in which the old tables of a service that has moved wait for their end."""

_LET_GO: Final = """\
DECLARE
    one record;
BEGIN
    CREATE TEMPORARY TABLE freehold_standing (place integer GENERATED ALWAYS AS IDENTITY, depth integer, part integer,
        let_go text, again text) ON COMMIT DROP;
    CREATE TEMPORARY TABLE freehold_replaced ON COMMIT DROP AS
    WITH RECURSIVE replaced AS (
        SELECT c.oid, 0 AS depth FROM pg_catalog.pg_class AS c
            JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
         WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND (n.nspname, c.relname) IN ({})
        UNION
        SELECT w.ev_class, p.depth + 1 FROM replaced AS p
            JOIN pg_catalog.pg_depend AS d ON d.refclassid = 'pg_catalog.pg_class'::regclass AND d.refobjid = p.oid
                AND d.classid = 'pg_catalog.pg_rewrite'::regclass
            JOIN pg_catalog.pg_rewrite AS w ON w.oid = d.objid AND w.ev_class <> p.oid
            JOIN pg_catalog.pg_class AS c ON c.oid = w.ev_class AND c.relkind = 'm'
            JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
         WHERE n.nspname NOT IN ({}) AND NOT pg_catalog.starts_with(n.nspname::text, {})
    ) SELECT oid, pg_catalog.max(depth) AS depth FROM replaced GROUP BY oid;

    CREATE TEMPORARY TABLE freehold_dependent ON COMMIT DROP AS
    SELECT DISTINCT d.classid, d.objid FROM pg_temp.freehold_replaced AS p
        JOIN pg_catalog.pg_depend AS d ON d.refclassid = 'pg_catalog.pg_class'::regclass AND d.refobjid = p.oid;

    INSERT INTO pg_temp.freehold_standing (depth, part, let_go, again)
    SELECT p.depth, 1, 'DROP MATERIALIZED VIEW ' || v.shown, v.again
      FROM pg_temp.freehold_replaced AS p JOIN pg_catalog.pg_class AS c ON c.oid = p.oid
      JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
      LEFT JOIN pg_catalog.pg_am AS a ON a.oid = c.relam
      LEFT JOIN pg_catalog.pg_tablespace AS s ON s.oid = c.reltablespace
      CROSS JOIN LATERAL (SELECT pg_catalog.format('%I.%I', n.nspname, c.relname) AS shown) AS b
      CROSS JOIN LATERAL (SELECT b.shown, pg_catalog.format('CREATE MATERIALIZED VIEW %s USING %I%s%s AS %s'
          ' WITH NO DATA; ALTER MATERIALIZED VIEW %s OWNER TO %I', b.shown, a.amname,
          (SELECT pg_catalog.format(' WITH (%s)', pg_catalog.string_agg(pg_catalog.format('%s=%L',
              pg_catalog.split_part(o, '=', 1), pg_catalog.substr(o, pg_catalog.strpos(o, '=') + 1)), ', '))
             FROM pg_catalog.unnest(c.reloptions) AS o HAVING pg_catalog.count(*) > 0),
          ' TABLESPACE ' || pg_catalog.quote_ident(s.spcname),
          pg_catalog.rtrim(pg_catalog.pg_get_viewdef(c.oid), ';'), b.shown, pg_catalog.pg_get_userbyid(c.relowner))
          AS again) AS v
     WHERE c.relkind = 'm' AND p.depth > 0;

    INSERT INTO pg_temp.freehold_standing (depth, part, again)
    SELECT p.depth, x.part, x.again FROM pg_temp.freehold_replaced AS p
      JOIN pg_catalog.pg_class AS c ON c.oid = p.oid AND c.relkind = 'm' AND p.depth > 0
      JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
      CROSS JOIN LATERAL (SELECT pg_catalog.format('%I.%I', n.nspname, c.relname) AS shown) AS b
      CROSS JOIN LATERAL (
        SELECT 2, pg_catalog.pg_get_indexdef(i.indexrelid) FROM pg_catalog.pg_index AS i WHERE i.indrelid = c.oid
        UNION ALL
        SELECT 3, pg_catalog.format('ALTER MATERIALIZED VIEW %s CLUSTER ON %I', b.shown, k.relname)
          FROM pg_catalog.pg_index AS i JOIN pg_catalog.pg_class AS k ON k.oid = i.indexrelid
         WHERE i.indrelid = c.oid AND i.indisclustered
        UNION ALL
        SELECT 3, pg_catalog.format('COMMENT ON INDEX %I.%I IS %L', n.nspname, k.relname,
                   pg_catalog.obj_description(k.oid, 'pg_class'))
          FROM pg_catalog.pg_index AS i JOIN pg_catalog.pg_class AS k ON k.oid = i.indexrelid
         WHERE i.indrelid = c.oid AND pg_catalog.obj_description(k.oid, 'pg_class') IS NOT NULL
        UNION ALL
        SELECT 3, pg_catalog.format('ALTER MATERIALIZED VIEW %s ALTER COLUMN %I SET STATISTICS %s', b.shown, t.attname,
                   t.attstattarget)
          FROM pg_catalog.pg_attribute AS t WHERE t.attrelid = c.oid AND t.attnum > 0 AND t.attstattarget >= 0
        UNION ALL
        SELECT 3, pg_catalog.pg_get_statisticsobjdef(o.oid) || pg_catalog.format('; ALTER STATISTICS %s OWNER TO %I',
                   pg_catalog.format('%I.%I', m.nspname, o.stxname), pg_catalog.pg_get_userbyid(o.stxowner))
          FROM pg_catalog.pg_statistic_ext AS o JOIN pg_catalog.pg_namespace AS m ON m.oid = o.stxnamespace
         WHERE o.stxrelid = c.oid
        UNION ALL
        SELECT 3, pg_catalog.format('COMMENT ON MATERIALIZED VIEW %s IS %L', b.shown, o.description)
          FROM pg_catalog.pg_description AS o
         WHERE o.classoid = 'pg_catalog.pg_class'::regclass AND o.objoid = c.oid AND o.objsubid = 0
        UNION ALL
        SELECT 3, pg_catalog.format('COMMENT ON COLUMN %s.%I IS %L', b.shown, t.attname, o.description)
          FROM pg_catalog.pg_description AS o
          JOIN pg_catalog.pg_attribute AS t ON t.attrelid = c.oid AND t.attnum = o.objsubid
         WHERE o.classoid = 'pg_catalog.pg_class'::regclass AND o.objoid = c.oid AND o.objsubid > 0
        UNION ALL
        SELECT 3, pg_catalog.format('GRANT %s%s ON TABLE %s TO %s%s', g.privilege_type, g.of, b.shown,
                   CASE g.grantee WHEN 0 THEN 'PUBLIC' ELSE g.grantee::regrole::text END,
                   CASE WHEN g.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)
          FROM (SELECT e.grantee, e.privilege_type, e.is_grantable, '' AS of
                  FROM pg_catalog.aclexplode(c.relacl) AS e
                UNION ALL
                SELECT e.grantee, e.privilege_type, e.is_grantable, pg_catalog.format(' (%I)', t.attname)
                  FROM pg_catalog.pg_attribute AS t CROSS JOIN LATERAL pg_catalog.aclexplode(t.attacl) AS e
                 WHERE t.attrelid = c.oid AND t.attnum > 0) AS g
         WHERE g.grantee <> c.relowner
        UNION ALL
        SELECT 9, 'REFRESH MATERIALIZED VIEW ' || b.shown WHERE c.relispopulated
      ) AS x (part, again);

    INSERT INTO pg_temp.freehold_standing (depth, part, let_go, again)
    SELECT 0, 4, pg_catalog.format('CREATE OR REPLACE VIEW %I.%I AS SELECT %s', n.nspname, c.relname,
               (SELECT pg_catalog.string_agg(pg_catalog.format('NULL::%s%s AS %I',
                    pg_catalog.format_type(t.atttypid, t.atttypmod),
                    ' COLLATE ' || nullif(t.attcollation, 0)::regcollation::text, t.attname), ', ' ORDER BY t.attnum)
                  FROM pg_catalog.pg_attribute AS t WHERE t.attrelid = c.oid AND t.attnum > 0)),
           pg_catalog.format('CREATE OR REPLACE VIEW %I.%I%s AS %s', n.nspname, c.relname,
               (SELECT pg_catalog.format(' WITH (%s)', pg_catalog.string_agg(o, ', '))
                  FROM pg_catalog.unnest(c.reloptions) AS o HAVING pg_catalog.count(*) > 0),
               pg_catalog.pg_get_viewdef(c.oid))
      FROM pg_temp.freehold_dependent AS d
      JOIN pg_catalog.pg_rewrite AS w ON d.classid = 'pg_catalog.pg_rewrite'::regclass AND w.oid = d.objid
      JOIN pg_catalog.pg_class AS c ON c.oid = w.ev_class AND c.relkind = 'v' AND w.ev_type = '1'
      JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
     WHERE n.nspname NOT IN ({}) AND NOT pg_catalog.starts_with(n.nspname::text, {})
       AND c.oid NOT IN (SELECT p.oid FROM pg_temp.freehold_replaced AS p);

    INSERT INTO pg_temp.freehold_standing (depth, part, let_go, again)
    SELECT 0, 5, pg_catalog.format('ALTER POLICY %I ON %I.%I%s%s', p.polname, n.nspname, c.relname,
               CASE WHEN p.polqual IS NOT NULL THEN ' USING (false)' END,
               CASE WHEN p.polwithcheck IS NOT NULL THEN ' WITH CHECK (false)' END),
           pg_catalog.format('ALTER POLICY %I ON %I.%I%s%s', p.polname, n.nspname, c.relname,
               ' USING (' || pg_catalog.pg_get_expr(p.polqual, p.polrelid) || ')',
               ' WITH CHECK (' || pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid) || ')')
      FROM pg_temp.freehold_dependent AS d
      JOIN pg_catalog.pg_policy AS p ON d.classid = 'pg_catalog.pg_policy'::regclass AND p.oid = d.objid
      JOIN pg_catalog.pg_class AS c ON c.oid = p.polrelid JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
     WHERE n.nspname NOT IN ({}) AND NOT pg_catalog.starts_with(n.nspname::text, {});

    INSERT INTO pg_temp.freehold_standing (depth, part, let_go, again)
    SELECT 0, 6, pg_catalog.format('CREATE OR REPLACE %s %I.%I(%s)%s LANGUAGE sql AS %L',
               CASE p.prokind WHEN 'p' THEN 'PROCEDURE' ELSE 'FUNCTION' END, n.nspname, p.proname,
               pg_catalog.pg_get_function_arguments(p.oid),
               ' RETURNS ' || pg_catalog.pg_get_function_result(p.oid), 'SELECT NULL'),
           pg_catalog.pg_get_functiondef(p.oid)
      FROM pg_temp.freehold_dependent AS d
      JOIN pg_catalog.pg_proc AS p ON d.classid = 'pg_catalog.pg_proc'::regclass AND p.oid = d.objid
          AND p.prosqlbody IS NOT NULL
      JOIN pg_catalog.pg_namespace AS n ON n.oid = p.pronamespace
     WHERE n.nspname NOT IN ({}) AND NOT pg_catalog.starts_with(n.nspname::text, {});

    SET LOCAL check_function_bodies = off;
    FOR one IN SELECT s.let_go FROM pg_temp.freehold_standing AS s WHERE s.let_go IS NOT NULL
        ORDER BY s.part DESC, s.depth DESC, s.place LOOP
        EXECUTE one.let_go;
    END LOOP;
END"""

_PUT_BACK: Final = """\
DECLARE
    one record;
BEGIN
    FOR one IN SELECT s.again FROM pg_temp.freehold_standing AS s
        ORDER BY s.part = 9, CASE WHEN s.part = 9 THEN 0 WHEN s.part = 1 THEN s.depth ELSE 1000000 END, s.part, s.depth,
            s.place LOOP
        EXECUTE one.again;
    END LOOP;
    DROP TABLE pg_temp.freehold_standing, pg_temp.freehold_replaced, pg_temp.freehold_dependent;
END"""


def let_go(schema: str, relations: Iterable[str], beside: Iterable[str] = ()) -> Sql:
    """Let everything go that stands on these relations of a schema from outside it, but for what stands in ``beside``;
    () of relations: nothing does. The session's search_path must hold pg_catalog only."""
    pairs = join(", ", [sql("({}, {})", literal(schema), literal(name)) for name in relations])
    inside = join(", ", [literal(name) for name in dict.fromkeys((schema, *beside))])
    retired = literal(RETIRED)
    body = sql(_LET_GO, pairs, inside, retired, inside, retired, inside, retired, inside, retired)
    return sql("DO {}", literal(body.shown()))


def put_back() -> Sql:
    """Put everything back that ``let_go`` let go, upon whatever has its name now."""
    return sql("DO {}", literal(_PUT_BACK))


__all__ = ["RETIRED", "let_go", "put_back"]
