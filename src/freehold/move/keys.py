"""Foreign keys inside a service, and comments on constraints: made last, when every row and every index is there.

A key is added without looking at the rows and then validated, which locks less and can go in parallel. A partitioned
table cannot have it so before PostgreSQL 18 and gets it whole.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import cast

from freehold.move.model import ForeignKey, Inventory
from freehold.sqltext import Sql, ident, join, literal, raw, sql

_NOT_VALID = " NOT VALID"
_NOT_ENFORCED = " NOT ENFORCED"

_FOUND = """\
SELECT coalesce(pg_catalog.json_agg(pg_catalog.json_build_array(n.nspname, c.relname, k.conname, k.convalidated)), '[]')
         ::text
  FROM pg_catalog.pg_constraint AS k JOIN pg_catalog.pg_class AS c ON c.oid = k.conrelid
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
 WHERE k.contype = 'f' AND n.nspname = ANY (ARRAY[{}]::name[])"""

_COMMENTS = """\
SELECT pg_catalog.format('%I ON %s', k.conname, CASE WHEN k.contypid <> 0
           THEN 'DOMAIN ' || pg_catalog.format('%I.%I', n.nspname, t.typname)
           ELSE pg_catalog.format('%I.%I', n.nspname, c.relname) END), d.description
  FROM pg_catalog.pg_constraint AS k
  JOIN pg_catalog.pg_description AS d ON d.classoid = 'pg_catalog.pg_constraint'::regclass AND d.objoid = k.oid
  JOIN pg_catalog.pg_namespace AS n ON n.oid = k.connamespace
  LEFT JOIN pg_catalog.pg_class AS c ON c.oid = k.conrelid
  LEFT JOIN pg_catalog.pg_type AS t ON t.oid = k.contypid
 WHERE n.nspname = ANY (ARRAY[{}]::name[]) ORDER BY 1"""

Found = Mapping[tuple[str, str, str], bool]
"""The keys of the target by schema, table and name, and whether each is validated."""


@dataclass(frozen=True, slots=True)
class Adding:
    """The statements that add keys, to be run one after the other, and those that validate them, in any order."""

    add: tuple[Sql, ...]
    validate: tuple[Sql, ...]


def question(schemas: Iterable[str]) -> Sql:
    """One row with one text, for ``found``."""
    return sql(_FOUND, _names(schemas))


def found(answer: str) -> Found:
    """What the answer tells."""
    rows = cast("list[tuple[str, str, str, bool]]", json.loads(answer))
    return {(schema, table, name): validated for schema, table, name, validated in rows}


def adding(inventory: Inventory, there: Found) -> Adding:
    """What gives the target the keys inside the service that it does not have yet."""
    kinds = {table.name: table.kind for table in inventory.tables}
    add: list[Sql] = []
    validate: list[Sql] = []
    for key in inventory.inside_keys:
        name, table = ident(key.name), ident(key.table.schema, key.table.table)
        standing = there.get((key.table.schema, key.table.table, key.name))
        later = kinds.get(key.table) != "p" and not key.definition.endswith(_NOT_ENFORCED)
        if standing is None:
            add.append(sql("ALTER TABLE {} ADD CONSTRAINT {} {}", table, name, raw(_definition(key, later))))
        if later and key.validated and not standing:
            validate.append(sql("ALTER TABLE {} VALIDATE CONSTRAINT {}", table, name))
    return Adding(tuple(add), tuple(validate))


def _definition(key: ForeignKey, later: bool) -> str:
    """As pg_get_constraintdef prints it, which says NOT VALID where it is so."""
    plain = key.definition.removesuffix(_NOT_VALID)
    return plain + _NOT_VALID if later else key.definition


def comments_question(schemas: Iterable[str]) -> Sql:
    """Rows of a constraint, quoted as SQL, and its comment. The session's search_path must hold pg_catalog only."""
    return sql(_COMMENTS, _names(schemas))


def comments(rows: Iterable[tuple[object, ...]], there: Iterable[tuple[object, ...]]) -> tuple[Sql, ...]:
    """What gives constraints of the target the comments that they lack. Those on keys that are not made are left out
    by the caller, who knows which constraints the target has."""
    have = {str(name): str(text) for name, text in there}
    return tuple(
        sql("COMMENT ON CONSTRAINT {} IS {}", raw(str(name)), literal(str(text)))
        for name, text in rows
        if have.get(str(name)) != str(text)
    )


def _names(schemas: Iterable[str]) -> Sql:
    return join(", ", [literal(name) for name in schemas])
