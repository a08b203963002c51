"""The functions whose texts may touch what is on the other side of a service's edge, and what there is to touch."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import cast

from freehold.spec.model import TableName
from freehold.sqltext import Sql, join, keyword, literal, sql

_TEXTS = """\
WITH space AS MATERIALIZED (
  SELECT n.oid, n.nspname, n.nspname = ANY (ARRAY[{}]::name[]) AS is_mine FROM pg_catalog.pg_namespace AS n
   WHERE n.nspname NOT LIKE 'pg\\_%' AND n.nspname NOT IN ('information_schema', 'freehold')
     AND NOT pg_catalog.starts_with(n.nspname::text, 'freehold_moved_')
), relation AS MATERIALIZED (
  SELECT c.relname, c.relkind, c.relispartition, c.relrowsecurity, s.nspname, s.is_mine
    FROM pg_catalog.pg_class AS c JOIN space AS s ON s.oid = c.relnamespace
   WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')
), routine AS MATERIALIZED (
  SELECT p.*, s.nspname, s.is_mine, l.lanname, pg_catalog.lower(p.prosrc) AS searched
    FROM pg_catalog.pg_proc AS p JOIN space AS s ON s.oid = p.pronamespace
    JOIN pg_catalog.pg_language AS l ON l.oid = p.prolang AND l.lanname NOT IN ('internal', 'c')
   WHERE p.prokind <> 'a' AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS x
       WHERE x.classid = 'pg_catalog.pg_proc'::regclass AND x.objid = p.oid AND x.deptype = 'e')
)
SELECT pg_catalog.json_build_object(
  'routines', (SELECT pg_catalog.json_agg(pg_catalog.json_build_array(
          CASE r.prokind WHEN 'p' THEN 'procedure' ELSE 'function' END,
          pg_catalog.format('%I.%I(%s)', r.nspname, r.proname, pg_catalog.oidvectortypes(r.proargtypes)), r.nspname,
          r.lanname, CASE WHEN r.prosqlbody IS NULL THEN r.prosrc ELSE pg_catalog.pg_get_functiondef(r.oid) END,
          coalesce((SELECT pg_catalog.substr(o, 13) FROM pg_catalog.unnest(r.proconfig) AS o
              WHERE pg_catalog.starts_with(o, 'search_path=')), '')) ORDER BY r.nspname, r.proname, r.oid)
      FROM routine AS r
      WHERE r.prosqlbody IS NOT NULL OR EXISTS (SELECT FROM space AS s WHERE s.is_mine <> r.is_mine
              AND pg_catalog.strpos(r.searched, pg_catalog.lower(pg_catalog.replace(s.nspname, '"', '""'))) > 0)
          OR EXISTS (SELECT FROM relation AS c WHERE c.is_mine <> r.is_mine
              AND pg_catalog.strpos(r.searched, pg_catalog.lower(pg_catalog.replace(c.relname, '"', '""'))) > 0)),
  'relations', (SELECT pg_catalog.json_agg(pg_catalog.json_build_array(c.nspname, c.relname,
          CASE WHEN c.relispartition THEN 'partition' WHEN c.relkind IN ('r', 'p', 'f') THEN 'table' ELSE 'view' END,
          c.relrowsecurity)) FROM relation AS c),
  'types', (SELECT pg_catalog.json_agg(pg_catalog.json_build_array(s.nspname, t.typname))
      FROM pg_catalog.pg_type AS t JOIN space AS s ON s.oid = t.typnamespace WHERE t.typtype IN ('e', 'd'))
)::text"""


@dataclass(frozen=True, slots=True)
class Routine:
    """A function or procedure. ``name`` is quoted as SQL; ``body`` its text, or all of it where its SQL is no text;
    ``path`` the search_path that it sets itself, as it is written there."""

    kind: str
    name: str
    schema: str
    language: str
    body: str
    path: str = ""


@dataclass(frozen=True, slots=True)
class Near:
    """The relations of a database (their kind: table, view or partition), those with row security, and the enums and
    domains."""

    relations: Mapping[TableName, str] = field(default_factory=dict)
    secured: frozenset[TableName] = frozenset()
    types: frozenset[TableName] = frozenset()


def question(schemas: Iterable[str]) -> Sql:
    """One row with one text, for ``texts``. ``schemas`` are those on one side of the edge."""
    names = [literal(name) for name in schemas]
    return sql(_TEXTS, join(", ", names) if names else keyword(""))


def texts(answer: str) -> tuple[tuple[Routine, ...], Near]:
    """What the answer tells."""
    got = cast("dict[str, list[list[object]] | None]", json.loads(answer))
    relations = [(TableName(str(s), str(n)), str(k), secured is True) for s, n, k, secured in got["relations"] or []]
    return (
        tuple(Routine(*(str(part) for part in row)) for row in got["routines"] or []),
        Near(
            {name: kind for name, kind, _ in relations},
            frozenset(name for name, _, secured in relations if secured),
            frozenset(TableName(str(schema), str(name)) for schema, name in got["types"] or []),
        ),
    )
