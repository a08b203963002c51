"""The types of a mirror: enums and domains under the names that they have at the source."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from freehold.found.links import UserType
from freehold.plan.standing import RETIRED
from freehold.sqltext import Sql, ident, join, keyword, literal, raw, sql


def grows(have: UserType, want: UserType) -> bool:
    """Whether ``want`` can be reached without making the type anew: an enum may get more labels."""
    if (have.kind, have.base) != (want.kind, want.base):
        return False
    return tuple(label for label in want.labels if label in set(have.labels)) == have.labels


def make_type(schema: str, want: UserType, have: UserType | None, owner: str) -> Iterator[Sql]:
    """The statements from the type as it is to what it shall be."""
    name = ident(schema, want.name)
    if have is not None and not grows(have, want):
        yield drop_type(schema, have)
        have = None
    if have is None:
        if want.kind == "e":
            yield sql("CREATE TYPE {} AS ENUM ({})", name, join(", ", [literal(label) for label in want.labels]))
        else:
            yield sql("CREATE DOMAIN {} AS {}", name, raw(want.base))
        yield sql("ALTER {} {} OWNER TO {}", keyword("TYPE" if want.kind == "e" else "DOMAIN"), name, ident(owner))
        return
    for place, label in enumerate(want.labels):
        if label in have.labels:
            continue
        if place:
            yield sql("ALTER TYPE {} ADD VALUE {} AFTER {}", name, literal(label), literal(want.labels[place - 1]))
        else:
            yield sql("ALTER TYPE {} ADD VALUE {} BEFORE {}", name, literal(label), literal(have.labels[0]))


def adopted(origin: str, schema: str, types: Iterable[UserType], owner: str) -> Iterator[Sql]:
    """Let types of schema ``origin`` belong to a mirror from now on, as the same types."""
    for one in types:
        kind = keyword("DOMAIN" if one.kind == "d" else "TYPE")
        yield sql("ALTER {} {} SET SCHEMA {}", kind, ident(origin, one.name), ident(schema))
        yield sql("ALTER {} {} OWNER TO {}", kind, ident(schema, one.name), ident(owner))


def drop_type(schema: str, one: UserType) -> Sql:
    """Drop a type, or give it back to the old tables that it came from."""
    name, kind = ident(schema, one.name), keyword("DOMAIN" if one.kind == "d" else "TYPE")
    shown, alone, what = literal(str(name)), literal(str(ident(one.name))), literal(str(kind))
    body = sql(_DROP_TYPE, shown, literal(RETIRED), kind, name, what, shown, what, alone)
    return sql("DO {}", literal(body.shown()))


_DROP_TYPE: Final = """\
DECLARE
    home record;
BEGIN
    SELECT n.nspname, n.nspowner::regrole::text AS owner INTO home FROM pg_catalog.pg_attribute AS a
        JOIN pg_catalog.pg_type AS t ON t.oid = {}::regtype AND a.atttypid IN (t.oid, t.typarray)
        JOIN pg_catalog.pg_class AS c ON c.oid = a.attrelid JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
     WHERE NOT a.attisdropped AND pg_catalog.starts_with(n.nspname::text, {}) ORDER BY 1 LIMIT 1;
    IF home.nspname IS NULL THEN
        DROP {} {};
    ELSE
        EXECUTE pg_catalog.format('ALTER %s %s SET SCHEMA %I', {}, {}, home.nspname);
        EXECUTE pg_catalog.format('ALTER %s %I.%s OWNER TO %s', {}, home.nspname, {}, home.owner);
    END IF;
END"""
