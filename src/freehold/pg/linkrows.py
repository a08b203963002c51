"""Rows of the snapshot query about reads across databases, as the nouns of ``found.links``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from freehold.found.links import (
    Column,
    ForeignServer,
    ForeignTable,
    Publication,
    Shape,
    Subscription,
    UserMapping,
    UserType,
)
from freehold.pg.rows import Json, optional, rows, strings, values


def shape(row: list[Json]) -> Shape:
    """A relation's columns and how its rows are told apart."""
    schema, name, names, types, key, identity, persistence, secured = row
    return Shape(
        schema=str(schema),
        name=str(name),
        columns=tuple(_column(str(n), t) for n, t in zip(values(names), values(types), strict=True)),
        key=strings(key),
        identity=str(identity),
        persistence=str(persistence),
        row_security=secured is True,
    )


def _column(name: str, told: Json) -> Column:
    if not isinstance(told, list):
        return Column(name, str(told))
    text, schema, of, array, collation, expression = told
    own = schema == "pg_catalog"
    return Column(
        name,
        str(text),
        None if own else (str(schema), str(of)),
        array is True,
        str(collation or ""),
        str(expression or ""),
    )


def user_type(row: list[Json]) -> UserType:
    """An enum, domain or other type."""
    schema, name, kind, labels, base, extension = row
    return UserType(str(schema), str(name), str(kind), strings(labels), str(base or ""), str(extension or ""))


def foreign_server(row: list[Json]) -> ForeignServer:
    """A foreign server with its mappings."""
    name, wrapper, given, mappings = row
    return ForeignServer(
        str(name),
        str(wrapper),
        _options(given),
        tuple(sorted(UserMapping(str(u), _options(o), optional(d)) for u, o, d in rows(mappings))),
    )


def foreign_table(row: list[Json]) -> ForeignTable:
    """Where a foreign table leads."""
    schema, name, server, given = row
    return ForeignTable(str(schema), str(name), str(server), _options(given))


def publication(row: list[Json]) -> Publication:
    """A publication with the tables it names."""
    name, everything, via_root, operations, tables = row
    return Publication(
        str(name), everything is True, via_root is True, tuple(str(operations).split(",")), _pairs(rows(tables))
    )


def subscriptions(found: Sequence[list[Json]], told: Sequence[list[Json]]) -> tuple[Subscription, ...]:
    """Subscriptions, with what only a superuser may read of them."""
    more = {str(name): (optional(connection), optional(digest)) for name, connection, digest in told}
    return tuple(
        sorted(
            Subscription(
                str(name),
                enabled is True,
                str(slot),
                tuple(sorted(strings(publications))),
                _pairs(row[:2] for row in rows(tables)),
                *more.get(str(name), (None, None)),
                _pairs(row[:2] for row in rows(tables) if row[2] != "r"),
            )
            for name, enabled, slot, publications, tables in found
        )
    )


def _options(value: Json) -> tuple[tuple[str, str], ...]:
    return tuple(sorted((name, text) for name, _, text in (item.partition("=") for item in strings(value))))


def _pairs(found: Iterable[list[Json]]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted((str(one), str(other)) for one, other in found))
