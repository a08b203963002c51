"""Primary keys and unique constraints made in two steps: their indexes beside all others, then the constraint from it.

``ALTER TABLE .. ADD PRIMARY KEY`` builds its index under a lock that keeps every other index of the table waiting;
``CREATE UNIQUE INDEX`` does not, and a constraint that takes over an index that is there is made at once.

A partition's key is left as it is: taking over an index would make its NOT NULL a constraint of its own on 18, and the
keys of partitions are built beside each other anyway.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import cast

from freehold.sqltext import Sql, join, keyword, literal, raw, sql

_UNIQUES = """\
SELECT pg_catalog.json_build_array(
  (SELECT coalesce(pg_catalog.json_agg(pg_catalog.json_build_array(k.oid::bigint,
          pg_catalog.format('%I.%I', n.nspname, r.relname), pg_catalog.format('%I', k.conname),
          pg_catalog.format('%I.%I', n.nspname, x.relname), pg_catalog.pg_get_indexdef(x.oid), k.contype = 'p',
          k.condeferrable, k.condeferred, i.indisclustered, i.indisreplident)), '[]')
     FROM pg_catalog.pg_constraint AS k JOIN pg_catalog.pg_class AS r ON r.oid = k.conrelid
     JOIN pg_catalog.pg_namespace AS n ON n.oid = r.relnamespace
     JOIN pg_catalog.pg_index AS i ON i.indexrelid = k.conindid JOIN pg_catalog.pg_class AS x ON x.oid = k.conindid
     JOIN pg_catalog.pg_am AS a ON a.oid = x.relam
    WHERE k.contype IN ('p', 'u') AND r.relkind = 'r' AND NOT r.relispartition AND a.amname = 'btree'
      AND n.nspname = ANY (ARRAY[{}]::name[])),
  (SELECT pg_catalog.json_object_agg(pg_catalog.format('%I.%I', n.nspname, c.relname), c.relpages)
     FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'm') AND n.nspname = ANY (ARRAY[{}]::name[])))::text"""


@dataclass(frozen=True, slots=True)
class Unique:
    """A key of a plain table that is no partition. Names are quoted as SQL; ``build`` makes its index."""

    table: str
    constraint: str
    index: str
    build: str
    primary: bool
    deferrable: bool
    deferred: bool
    clustered: bool
    identity: bool

    def adopt(self) -> Sql:
        """What makes the constraint of the index, and marks the table as the source's is marked."""
        timing = keyword("")
        if self.deferrable:
            timing = keyword(" DEFERRABLE INITIALLY DEFERRED") if self.deferred else keyword(" DEFERRABLE")
        table, index = raw(self.table), raw(self.constraint)
        made = sql(
            "ALTER TABLE ONLY {} ADD CONSTRAINT {} {} USING INDEX {}{}",
            table,
            index,
            keyword("PRIMARY KEY") if self.primary else keyword("UNIQUE"),
            index,
            timing,
        )
        marks = [made]
        if self.clustered:
            marks.append(sql("ALTER TABLE {} CLUSTER ON {}", table, index))
        if self.identity:
            marks.append(sql("ALTER TABLE ONLY {} REPLICA IDENTITY USING INDEX {}", table, index))
        return join(";\n", marks)


@dataclass(frozen=True, slots=True)
class Uniques:
    """The keys by the number of their constraint on the source, and how many pages each table there has."""

    keys: Mapping[int, Unique]
    pages: Mapping[str, int]


def question(schemas: Iterable[str]) -> Sql:
    """One row with one text, for ``uniques``. The session's search_path must hold pg_catalog only."""
    names = join(", ", [literal(name) for name in schemas])
    return sql(_UNIQUES, names, names)


def uniques(answer: str) -> Uniques:
    """What the answer tells."""
    rows, pages = cast("tuple[list[list[object]], dict[str, int] | None]", json.loads(answer))
    keys = {
        int(str(oid)): Unique(
            str(table), str(name), str(index), str(build), primary is True, later is True, deferred is True,
            clustered is True, identity is True,
        )
        for oid, table, name, index, build, primary, later, deferred, clustered, identity in rows
    }  # fmt: skip
    return Uniques(keys, pages or {})
