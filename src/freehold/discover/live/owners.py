"""Whose a table is, as far as a server can tell, and how sure that is.

In this order: the role that owns it, where tables of the server have several owners and that role is no superuser
(0.9); the one service that uses its database (0.8); the one service whose statements write it (0.7); the service that
owns a schema of that name in another database, of which this is then a copy (0.7); its schema, where there are several
(0.7); and the proposal of ``boundaries`` that it falls into (0.4).

A role that owns tables beside other owners in several databases is no service but what fills copies; a foreign table
is a window to somebody else's table and belongs to nobody here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from freehold.discover.live.boundaries import Boundaries
from freehold.discover.live.clients import Client, Clients
from freehold.discover.live.coupling import TABLES
from freehold.discover.live.model import LiveContents, LiveServer, LiveTable
from freehold.discover.live.resolve import readable, resolver, search_path
from freehold.discover.live.statements import touched
from freehold.spec.tables import TableName

OWNER, DATABASE, WRITES, SCHEMA, PROPOSAL = 0.9, 0.8, 0.7, 0.7, 0.4
SURE = 0.6
"""From here on a table is said to belong to a service; below it is only proposed."""


@dataclass(frozen=True, slots=True, order=True)
class Owned:
    """The service a table belongs to; ``how`` says why that is thought. ``copy`` is for a foreign table or a replica of
    a table that the service has in another database."""

    service: str
    confidence: float
    how: str
    copy: bool = False


def owners(
    live: LiveServer, clients: Clients, proposed: Mapping[str, Boundaries]
) -> Mapping[str, Mapping[TableName, Owned]]:
    """The service of each table of each database that was read."""
    speaking = speaking_owners(live, clients)
    names = clients.names(speaking)
    schemas: dict[str, set[str]] = {}
    for _, contents in readable(live):
        for table in _own(contents):
            if table.owner in speaking:
                schemas.setdefault(table.name.schema, set()).add(names[table.owner])
    copies = {schema: next(iter(found)) for schema, found in schemas.items() if len(found) == 1 and schema != "public"}
    return {
        database.name: _database(live, database.name, contents, clients, names, copies, proposed[database.name])
        for database, contents in readable(live)
    }


def speaking_owners(live: LiveServer, clients: Clients) -> frozenset[str]:
    """The owners of tables that tell a service: several of them, none a superuser, none all over the server."""
    places: dict[str, set[str]] = {}
    beside: dict[str, set[str]] = {}
    for database, contents in readable(live):
        here = {table.owner for table in _own(contents)}
        for owner in here:
            places.setdefault(owner, set()).add(database.name)
            if len(here) > 1:
                beside.setdefault(owner, set()).add(database.name)
    found = {
        owner
        for owner in places
        if not clients.superuser(owner) and not (len(places[owner]) > 1 and len(beside.get(owner, ())) > 1)
    }
    if len(places) > 1:
        return frozenset(found)
    # of a single owner only one that is made for owning says something: a login may be that of all services
    roles = live.server.roles
    return frozenset(owner for owner in found if owner in roles and not roles[owner].login)


def _own(contents: LiveContents) -> list[LiveTable]:
    return [table for table in contents.tables if table.kind in TABLES]


def _database(
    live: LiveServer,
    database: str,
    contents: LiveContents,
    clients: Clients,
    names: Mapping[str, str],
    copies: Mapping[str, str],
    proposed: Boundaries,
) -> Mapping[TableName, Owned]:
    here = [client for client in clients.all if client.database == database and client.confidence >= SURE]
    tables = _own(contents)
    schemas = {table.name.schema for table in tables} - {"public"}
    writers = _writers(live, database, contents, here)
    only = {client.service for client in here}
    found: dict[TableName, Owned] = {}
    for table in contents.tables:
        if table.kind == "FOREIGN TABLE" and table.name.schema in copies:
            service = copies[table.name.schema]
            found[table.name] = Owned(
                service, SCHEMA, f'it is a foreign table of schema "{table.name.schema}"', copy=True
            )
    for table in tables:
        name = table.name
        writing = writers.get(name, set())
        if table.owner in names:
            found[name] = Owned(names[table.owner], OWNER, f'its owner is "{table.owner}"')
        elif name.schema in copies:
            found[name] = Owned(
                copies[name.schema], SCHEMA, f'schema "{name.schema}" is that of "{copies[name.schema]}"'
            )
        elif len(only) == 1:
            found[name] = Owned(next(iter(only)), DATABASE, f'nobody else was seen in database "{database}"')
        elif len(writing) == 1:
            found[name] = Owned(next(iter(writing)), WRITES, "no other login's statements write it")
        elif len(schemas) > 1 and name.schema != "public":
            found[name] = Owned(name.schema, SCHEMA, f'it lies in schema "{name.schema}"')
        elif name in proposed.groups:
            why = "it has most to do with tables that are proposed together"
            found[name] = Owned(proposed.groups[name], PROPOSAL, why)
    return found


def _writers(
    live: LiveServer, database: str, contents: LiveContents, here: list[Client]
) -> Mapping[TableName, set[str]]:
    names = resolver(contents)
    services = {client.login: client.service for client in here if client.how in ("login", "statements")}
    found: dict[TableName, set[str]] = {}
    for statement in live.statements or ():
        if statement.database != database or statement.login not in services:
            continue
        for one in touched(statement.text) or ():
            for written in one.writes:
                table = names.table(written, search_path(live.server, database, statement.login))
                if table is not None:
                    found.setdefault(table, set()).add(services[statement.login])
    return found
