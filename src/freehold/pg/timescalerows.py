"""The rows of what TimescaleDB has in a database as the nouns of ``found``, and chunks told from tables."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from freehold.found.model import Contents, Object
from freehold.found.timescale import INNER, Aggregate, Hypertable, Timescale
from freehold.pg.contentrows import sorting
from freehold.pg.rows import Json, rows, strings

Name = tuple[str, str]


def with_timescale(contents: Contents, got: Mapping[str, Json]) -> Contents:
    """The contents with what TimescaleDB has there, and of what stands behind it only what is open to more than it.

    A continuous aggregate is a materialized view, as the statements that make, change and drop it call it.
    """
    parts = {(schema, name): (of_schema, of) for schema, name, of_schema, of in map(strings, rows(got["parts"]))}
    aggregates = tuple(sorted(Aggregate(*strings(row)) for row in rows(got["aggregates"])))
    views = {(one.schema, one.name) for one in aggregates}
    told = [
        replace(one, kind="MATERIALIZED VIEW") if one.kind == "VIEW" and (one.schema, one.name) in views else one
        for one in contents.objects
    ]
    hypertables = tuple(sorted(_hypertable(row) for row in rows(got["hypertables"])))
    chunked = {(one.schema, one.name) for one in hypertables}
    known = {(one.schema, one.name): one for one in told}
    secured = {(one.schema, one.name) for one in contents.shapes if one.row_security}
    objects = [_opened(one, parts, known, secured) if _inner(one) else one for one in told]
    return replace(
        contents,
        objects=tuple(sorted((one for one in objects if one is not None), key=sorting)),
        shapes=tuple(
            replace(one, chunked=True) if (one.schema, one.name) in chunked else one
            for one in contents.shapes
            if one.schema != INNER
        ),
        foreign_keys=tuple(
            pair for pair in contents.foreign_keys if not any(one.startswith(f"{INNER}.") for one in pair)
        ),
        timescale=Timescale(
            schema=str(got["schema"]),
            licence=str(got["licence"] or ""),
            hypertables=hypertables,
            aggregates=aggregates,
            schemas=tuple(sorted(strings(got["schemas"]))),
        ),
    )


def _hypertable(row: list[Json]) -> Hypertable:
    schema, name, column, seconds, space, compressed = row
    return Hypertable(
        str(schema),
        str(name),
        str(column),
        int(str(seconds or 0)),
        tuple((str(one), int(str(count))) for one, count in rows(space)),
        compressed is True,
    )


def _inner(one: Object) -> bool:
    return one.schema == INNER and not one.extension


def _opened(
    one: Object, parts: Mapping[Name, Name], known: Mapping[Name, Object], secured: Collection[Name]
) -> Object | None:
    """A relation behind a table with the rights that the table does not give; None when there are none.

    Whoever may read a table may read its chunks, and TimescaleDB gives them the same rights. But of a table with row
    level security a chunk shows all, so there every right counts.
    """
    top: Name = (one.schema, one.name)
    while top in parts:
        top = parts[top]
    table = known.get(top) if top[0] != INNER else None
    if table is not None:
        given, owners = table.acl, {table.owner}
    else:
        # what compression keeps is not always linked to its table: it must be no more open than those of its owner
        others = [other for other in known.values() if other.schema != INNER and other.owner == one.owner]
        given = frozenset(grant for other in others for grant in other.acl)
        owners = {other.owner for other in others}
    if top in secured:
        given = frozenset()
    more = frozenset(grant for grant in one.acl - given if grant.grantee != one.owner)
    if one.owner in owners and not more and not one.column_acl:
        return None
    return replace(one, acl=more, partition_of=top if table is not None else ())
