"""What a service has in a database, asked in one query and read into an Inventory."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import cast

from freehold.found.canaries import of_a_proof
from freehold.move.catalog_sql import INVENTORY
from freehold.move.model import Column, Dependent, ForeignKey, Inventory, Side, Table
from freehold.move.model import Sequence as Seq
from freehold.spec.model import TableName
from freehold.sqltext import Sql, join, keyword, literal, sql

Json = dict[str, object]


def question(schemas: Iterable[str], roles: Iterable[str]) -> Sql:
    """One query for everything; takes no lock beyond the catalogs'. ``roles`` own the service's large objects."""
    return sql(INVENTORY, _names(schemas), _names(roles))


def _names(names: Iterable[str]) -> Sql:
    return join(", ", [literal(name) for name in names]) if names else keyword("")


def inventory(side: Side, schemas: Iterable[str], answer: str) -> Inventory:
    """The Inventory that the answer to ``question`` tells of."""
    got = cast(Json, json.loads(answer))
    return Inventory(
        side=side,
        version=_int(got["version"]),
        schemas=tuple(sorted(schemas)),
        tables=tuple(_table(row) for row in cast(list[Json], got["tables"] or []) if not of_a_proof(str(row["name"]))),
        sequences=tuple(_sequence(row) for row in _rows(got["sequences"]) if not of_a_proof(str(row[1]))),
        foreign_keys=tuple(
            ForeignKey(str(n), TableName(str(s), str(t)), TableName(str(ts), str(tt)), str(d), v is True)
            for n, s, t, ts, tt, d, v in _rows(got["keys"])
        ),
        dependents=tuple(_dependent(row) for row in _rows(got["dependents"])),
        other_relations=tuple((str(kind), str(name)) for kind, name in _rows(got["others"])),
        extensions=tuple((str(name), str(version)) for name, version in _rows(got["extensions"])),
        large_objects=_int(got["large_objects"]),
    )


def _dependent(row: Sequence[object]) -> Dependent:
    kind, name, schema, uses, uses_schema, uses_kind, uses_name, strange, writable = (str(part) for part in row)
    definition, writers = cast("list[str]", json.loads(writable)) if writable else ("", "")
    return Dependent(kind, name, schema, uses, uses_schema, uses_kind, uses_name, strange, definition, writers)


def _table(row: Mapping[str, object]) -> Table:
    parent = cast("list[str] | None", row["parent"])
    return Table(
        name=TableName(str(row["schema"]), str(row["name"])),
        kind=str(row["kind"]),
        persistence=str(row["persistence"]),
        columns=tuple(_column(one) for one in _rows(row["columns"])),
        key=tuple(cast("list[str] | None", row["key"]) or ()),
        replica_identity=str(row["identity"]),
        partition_of=None if parent is None else TableName(parent[0], parent[1]),
        inherits=row["inherits"] is True,
        row_security=row["rls"] is True,
        force_row_security=row["force"] is True,
        pages=_int(row["pages"]),
        rows=max(0, _int(row["rows"])),
        bytes=_int(row["bytes"]),
        tablespace=str(row["tablespace"] or ""),
        triggers=tuple((str(name), str(mode)) for name, mode in _rows(row["triggers"])),
    )


def _column(row: Sequence[object]) -> Column:
    name, shown, schema, base, kind, array, domain, not_null, generated, identity, deterministic = row
    return Column(
        name=str(name),
        type=str(shown),
        base=(str(schema), str(base)),
        kind=str(kind),
        array=array is True,
        domain=domain is True,
        not_null=not_null is True,
        generated=str(generated).strip("\0"),
        identity=str(identity).strip("\0"),
        deterministic=deterministic is True,
    )


def _sequence(row: Sequence[object]) -> Seq:
    schema, name, kind, increment, minimum, maximum, cycle, cache, *owner = row
    return Seq(
        name=TableName(str(schema), str(name)),
        type=str(kind),
        increment=_int(increment),
        minimum=_int(minimum),
        maximum=_int(maximum),
        cycle=cycle is True,
        cache=_int(cache),
        owned_by=None if owner[0] is None else (TableName(str(owner[0]), str(owner[1])), str(owner[2])),
    )


def _rows(value: object) -> list[list[object]]:
    return cast("list[list[object]] | None", value) or []


def _int(value: object) -> int:
    return int(str(value))
