"""Which reads leave their database, from where to where, and under which names: pure arithmetic over placements."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

from freehold.errors import LayoutError
from freehold.layouts.limits import REPLICA_CONNECTIONS, link_limit
from freehold.layouts.model import Link, LinkedTable, LinkLogin, Place, Placement
from freehold.spec.model import Platform, TableName, Via
from freehold.spec.names import NAME_BYTES, byte_length, show_table, slug

PREFIX = "freehold_"
_READABLE = 14


def links(platform: Platform, placements: Sequence[Placement]) -> tuple[Link, ...]:
    """One link for each pair of databases between which something is read, sorted by its ends.

    Raises LayoutError when two services of one database read one table in different ways.
    """
    owners = {schema: placement for placement in placements for schema in placement.schemas}
    found: dict[tuple[Place, Place], dict[TableName, list[tuple[str, Via]]]] = {}
    for placement in placements:
        service = platform.service(placement.service)
        for table in service.reads:
            owner = owners.get(table.schema)
            if owner is None or owner.service == service.name or _place(owner) == _place(placement):
                continue
            via = Via.REPLICA if table in service.replicas else Via.FOREIGN_TABLE
            tables = found.setdefault((_place(placement), _place(owner)), {})
            tables.setdefault(table, []).append((service.name, via))
    return tuple(
        _link(platform, reader, source, _tables(tables, owners)) for (reader, source), tables in sorted(found.items())
    )


def logins(platform: Platform, placements: Sequence[Placement], crossing: Sequence[Link]) -> tuple[LinkLogin, ...]:
    """The logins that the links need, one for each role and each database it reads in, sorted."""
    homes = {placement.service: placement for placement in placements}
    found: dict[tuple[str, Place], LinkLogin] = {}

    def add(role: str, purpose: str, service: str, link: Link, table: LinkedTable, connections: int) -> None:
        before = found.get((role, link.source))
        tables = {table.name, *(before.tables if before else ())}
        services = {service, before.service if before else service}
        held = connections + before.connections if before else connections
        only = services.pop() if len(services) == 1 else ""
        found[role, link.source] = LinkLogin(role, purpose, only, link.source, tuple(sorted(tables)), held)

    for link in crossing:
        counted: set[str] = set()
        for table in link.tables:
            if table.via is Via.REPLICA:
                new = 0 if "" in counted else REPLICA_CONNECTIONS
                counted.add("")
                add(link.replica_login, "replica", "", link, table, new)
                continue
            for reader in table.readers:
                new = 0 if reader in counted else link_limit(platform.service(reader))
                counted.add(reader)
                add(homes[reader].roles.link, "link", reader, link, table, new)
    return tuple(found[key] for key in sorted(found))


def marker(platform: str) -> str:
    """How the names of all links of a platform begin, and those of no other platform."""
    return f"{PREFIX}{_digest(platform)}_"


def replica_login(platform: str, database: str) -> str:
    """``treum_billing_repl``: the login that fills the replicas of one database. Unique for each database."""
    start = slug(platform)
    name = f"{database}_repl" if database == start or database.startswith(f"{start}_") else ""
    if name and byte_length(name) <= NAME_BYTES:
        return name
    # a database pinned to a name of its own, or a name with no room left: told apart by a digest
    tail = f"_{_digest(database)}_repl"
    return _cut(f"{start}_{database}", NAME_BYTES - len(tail)) + tail


def _link(platform: Platform, reader: Place, source: Place, tables: tuple[LinkedTable, ...]) -> Link:
    ends = _digest("\0".join((*reader, *source)))
    name = f"{marker(platform.name)}{_ascii(reader[1])}_{_ascii(source[1])}_{ends}"
    replicas = any(table.via is Via.REPLICA for table in tables)
    return Link(name, reader, source, tables, replica_login(platform.name, reader[1]) if replicas else "")


def _tables(tables: dict[TableName, list[tuple[str, Via]]], owners: dict[str, Placement]) -> tuple[LinkedTable, ...]:
    found = []
    for table, readers in sorted(tables.items()):
        ways = {via for _, via in readers}
        whole = tables.get(TableName(table.schema, "*"), [])
        ways |= {via for _, via in whole if table.table != "*"}
        if len(ways) > 1:
            services = sorted({reader for reader, _ in (*readers, *whole)})
            raise LayoutError(
                f"{show_table(table)} is read both as a foreign table and as a replica in one database, by "
                f"{_listed(services)}",
                hint="Declare the same via: for all of them, or place them in different databases.",
            )
        names = tuple(sorted(reader for reader, _ in readers))
        found.append(LinkedTable(table, owners[table.schema].service, ways.pop(), names))
    return tuple(found)


def _place(placement: Placement) -> Place:
    return placement.instance, placement.database


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8]


def _ascii(text: str) -> str:
    """The part of a name that a replication slot may hold: lower-case letters, digits and underscores."""
    return "".join(c for c in text.lower() if c == "_" or (c.isascii() and c.isalnum()))[-_READABLE:]


def _cut(text: str, most: int) -> str:
    return text.encode("utf-8", "surrogatepass")[:most].decode("utf-8", "ignore")


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)
