"""The rows of what is inside a database as the nouns of ``found``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import MappingProxyType

from freehold.found.model import AppliedMigration, Contents, DefaultAcl, Object, Schema
from freehold.pg import linkrows as links
from freehold.pg.acl import acl
from freehold.pg.rows import Json, rows, strings, values
from freehold.pg.serverrows import by_name, first

_RELATIONS = {
    "r": "TABLE",
    "p": "PARTITIONED TABLE",
    "v": "VIEW",
    "m": "MATERIALIZED VIEW",
    "S": "SEQUENCE",
    "f": "FOREIGN TABLE",
}
_DEFAULTS = {
    "r": "TABLES",
    "S": "SEQUENCES",
    "f": "FUNCTIONS",
    "T": "TYPES",
    "n": "SCHEMAS",
    "L": "LARGE OBJECTS",
}


def contents_of(got: Mapping[str, Json], ledger: list[list[Json]]) -> Contents:
    """Everything but the subscriptions, sorted."""
    objects = [
        *(_relation(row) for row in rows(got["relations"])),
        *(_routine(row) for row in rows(got["routines"])),
        *(_plain(row) for row in rows(got["plain"])),
    ]
    pairs = [strings(json.loads(text)) for text in strings(got["foreign_keys"])]
    return Contents(
        schemas=by_name(
            Schema(str(name), str(owner), acl(strings(items))) for name, owner, items in rows(got["schemas"])
        ),
        extensions=MappingProxyType(
            {str(name): str(version) for name, version in sorted(rows(got["extensions"]), key=first)}
        ),
        default_acls=tuple(
            sorted(
                (
                    DefaultAcl(str(owner), str(schema), _DEFAULTS.get(str(kind), str(kind)), acl(strings(items)))
                    for owner, schema, kind, items in rows(got["defaults"])
                ),
                key=lambda one: (one.owner, one.schema, one.kind),
            )
        ),
        objects=tuple(sorted(objects, key=sorting)),
        migrations=tuple(sorted(AppliedMigration(*strings(row)) for row in ledger)),
        has_control=got["control"] is True,
        pool_lookup=None if got["pool_lookup"] is None else acl(strings(got["pool_lookup"])),
        foreign_keys=tuple(sorted((one, other) for one, other in pairs)),
        shapes=tuple(sorted((links.shape(row) for row in rows(got["shapes"])), key=lambda s: (s.schema, s.name))),
        types=tuple(sorted(links.user_type(row) for row in rows(got["types"]))),
        foreign_servers=tuple(sorted(links.foreign_server(row) for row in rows(got["servers"]))),
        foreign_tables=tuple(sorted(links.foreign_table(row) for row in rows(got["foreign"]))),
        publications=tuple(sorted(links.publication(row) for row in rows(got["publications"]))),
    )


def sorting(one: Object) -> tuple[str, ...]:
    """The order of objects in a snapshot."""
    return (one.kind, one.schema, one.name, one.arguments)


def _relation(row: list[Json]) -> Object:
    kind, schema, name, owner, items, columns, column_items, extension, cut, part_of = row
    strategy, key = values(cut) or ("", None)
    *parent, default = values(part_of) or (False,)
    return Object(
        kind=_RELATIONS[str(kind)],
        schema=str(schema),
        name=str(name),
        owner=str(owner),
        acl=acl(strings(items)),
        columns=strings(columns),
        column_acl=tuple(
            sorted(((str(c), acl(strings(given))) for c, given in rows(column_items)), key=lambda p: p[0])
        ),
        extension=str(extension or ""),
        partition_key=(str(strategy), *strings(key)) if strategy else (),
        partition_of=tuple(str(part) for part in parent),
        default_partition=default is True,
    )


def _routine(row: list[Json]) -> Object:
    kind, schema, name, owner, items, arguments, definer, config, extension = row
    return Object(
        kind=str(kind),
        schema=str(schema),
        name=str(name),
        owner=str(owner),
        acl=acl(strings(items)),
        arguments=str(arguments or ""),
        extension=str(extension or ""),
        security_definer=definer is True,
        config=strings(config),
    )


def _plain(row: list[Json]) -> Object:
    kind, schema, name, owner, items, extension = row
    return Object(
        kind=str(kind),
        schema=str(schema),
        name=str(name),
        owner=str(owner),
        acl=acl(strings(items)),
        extension=str(extension or ""),
    )
