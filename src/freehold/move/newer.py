"""What a service has that an older PostgreSQL does not know: features that can be named, with what takes each away."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import cast

from freehold.sqltext import Sql, join, literal, sql

_NEWER = """\
WITH relation AS MATERIALIZED (
  SELECT c.oid, c.relname, c.relispartition, pg_catalog.format('%I.%I', n.nspname, c.relname) AS shown
    FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
   WHERE n.nspname = ANY (ARRAY[{}]::name[]) AND c.relkind IN ('r', 'p')
     AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS x WHERE x.classid = 'pg_catalog.pg_class'::regclass
         AND x.objid = c.oid AND x.deptype = 'e')
), bound AS MATERIALIZED (
  SELECT r.shown, r.relname, k.conname, k.contype, k.conislocal, k.convalidated, k.connoinherit, a.attname,
         pg_catalog.to_jsonb(k) AS also
    FROM relation AS r JOIN pg_catalog.pg_constraint AS k ON k.conrelid = r.oid AND k.conparentid = 0
    LEFT JOIN pg_catalog.pg_attribute AS a ON a.attrelid = r.oid AND a.attnum = k.conkey[1]
), found (since, table_name, object, what, remedy) AS (
  SELECT 18, r.shown, pg_catalog.format('column %I of table %s', a.attname, r.shown), 'a virtual generated column',
         pg_catalog.format('ALTER TABLE %1$s DROP COLUMN %2$I; ALTER TABLE %1$s ADD COLUMN %2$I %3$s'
             ' GENERATED ALWAYS AS (%4$s) STORED', r.shown, a.attname,
             pg_catalog.format_type(a.atttypid, a.atttypmod), pg_catalog.pg_get_expr(d.adbin, d.adrelid))
    FROM relation AS r JOIN pg_catalog.pg_attribute AS a ON a.attrelid = r.oid AND a.attgenerated = 'v'
    JOIN pg_catalog.pg_attrdef AS d ON d.adrelid = r.oid AND d.adnum = a.attnum
  UNION ALL
  SELECT 17, r.shown, pg_catalog.format('column %I of table %s', a.attname, r.shown),
         'an identity column of a partition',
         pg_catalog.format('ALTER TABLE %s ALTER COLUMN %I DROP IDENTITY', pg_catalog.pg_partition_root(r.oid),
             a.attname)
    FROM relation AS r JOIN pg_catalog.pg_attribute AS a ON a.attrelid = r.oid AND a.attidentity <> ''
   WHERE r.relispartition
  UNION ALL
  SELECT 18, b.shown, pg_catalog.format('constraint %I on table %s', b.conname, b.shown), n.what,
         pg_catalog.format('ALTER TABLE %s %s', b.shown, pg_catalog.format(n.remedy, b.conname,
             b.relname || '_' || b.attname || '_not_null'))
    FROM bound AS b CROSS JOIN LATERAL (VALUES
      (b.also ->> 'conenforced' = 'false', 'a constraint that is NOT ENFORCED', 'DROP CONSTRAINT IF EXISTS %I'),
      (b.also ->> 'conperiod' = 'true', 'a key over periods', 'DROP CONSTRAINT IF EXISTS %I CASCADE'),
      (b.contype = 'n' AND NOT b.convalidated, 'a NOT NULL constraint that is NOT VALID', 'VALIDATE CONSTRAINT %I'),
      (b.contype = 'n' AND b.connoinherit, 'a NOT NULL constraint that is NO INHERIT', 'ALTER CONSTRAINT %I INHERIT'),
      -- a name that PostgreSQL made itself it makes again
      (b.contype = 'n' AND b.conislocal AND b.conname !~ '_not_null[0-9]*$', 'a NOT NULL constraint with a name',
          'RENAME CONSTRAINT %I TO %I')
    ) AS n (so, what, remedy) WHERE n.so
)
SELECT coalesce(pg_catalog.json_agg(pg_catalog.json_build_array(since, table_name, object, what, remedy)
    ORDER BY object, what), '[]')::text FROM found"""


@dataclass(frozen=True, slots=True)
class Newer:
    """Something of a table that only servers from a major version on know. ``object`` is in PostgreSQL's words,
    ``table`` quoted as SQL, ``what`` a noun with its article."""

    since: int
    table: str
    object: str
    what: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Refused:
    """A definition that a server did not take when it was tried, and what the server said."""

    object: str
    said: str


def question(schemas: Iterable[str]) -> Sql:
    """One row with one text, for ``newer``. The session's search_path must hold pg_catalog only."""
    return sql(_NEWER, join(", ", [literal(name) for name in schemas]))


def newer(answer: str, version: int) -> tuple[Newer, ...]:
    """What the answer tells that a server of ``version`` (server_version_num) does not know."""
    rows = cast("list[tuple[int, str, str, str, str]]", json.loads(answer))
    return tuple(found for row in rows if (found := Newer(*row)).since > version // 10000)
