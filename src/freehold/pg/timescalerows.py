"""The rows of what TimescaleDB has in a database as the nouns of ``found``, and chunks told from tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from freehold.found.model import Contents, Object
from freehold.found.timescale import INNER, Aggregate, Hypertable, Timescale
from freehold.pg.rows import Json, rows, strings

Name = tuple[str, str]


def with_timescale(contents: Contents, got: Mapping[str, Json]) -> Contents:
    """The contents with what TimescaleDB has there, and without what only stands behind it.

    A chunk is somebody's business only where its owner or its rights are not those of its table: such a one stays.
    """
    parts = {(schema, name): (of_schema, of) for schema, name, of_schema, of in map(strings, rows(got["parts"]))}
    known = {(one.schema, one.name): one for one in contents.objects}
    secured = {(one.schema, one.name) for one in contents.shapes if one.row_security}
    return replace(
        contents,
        objects=tuple(one for one in contents.objects if not _behind(one, parts, known, secured)),
        shapes=tuple(one for one in contents.shapes if one.schema != INNER),
        foreign_keys=tuple(
            pair for pair in contents.foreign_keys if not any(one.startswith(f"{INNER}.") for one in pair)
        ),
        timescale=Timescale(
            schema=str(got["schema"]),
            licence=str(got["licence"] or ""),
            hypertables=tuple(sorted(_hypertable(row) for row in rows(got["hypertables"]))),
            aggregates=tuple(sorted(Aggregate(*strings(row)) for row in rows(got["aggregates"]))),
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


def _behind(one: Object, parts: Mapping[Name, Name], known: Mapping[Name, Object], secured: Iterable[Name]) -> bool:
    if one.schema != INNER or one.extension:
        return False
    top: Name = (one.schema, one.name)
    while top in parts:
        top = parts[top]
    if top in secured:
        # policies are the table's alone: who may read the chunk reads all of it
        return False
    if top[0] != INNER:
        candidates = [known[top]] if top in known else []
    else:
        # what compression keeps is not always linked to its table: it must be no more open than one of its owner
        candidates = [other for other in known.values() if other.schema != INNER and other.owner == one.owner]
    own = {grant for grant in one.acl if grant.grantee != one.owner}
    return not own or any(other.owner == one.owner and own <= other.acl for other in candidates)
