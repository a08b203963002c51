"""Whose a table is, as far as a server can tell, and how sure that is.

In this order: the role that owns it, where tables have several owners (0.9); the one service that uses its database
(0.8); the one service whose statements write it (0.7); its schema, where there are several (0.7); and the proposal of
``boundaries`` that it falls into (0.4).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from freehold.discover.live.boundaries import Boundaries
from freehold.discover.live.clients import Client, Clients, called
from freehold.discover.live.coupling import TABLES
from freehold.discover.live.model import LiveContents, LiveServer
from freehold.discover.live.resolve import resolver, search_path
from freehold.discover.live.statements import touched
from freehold.spec.tables import TableName

OWNER, DATABASE, WRITES, SCHEMA, PROPOSAL = 0.9, 0.8, 0.7, 0.7, 0.4
SURE = 0.6
"""From here on a table is said to belong to a service; below it is only proposed."""


@dataclass(frozen=True, slots=True, order=True)
class Owned:
    """The service a table belongs to; ``how`` says why that is thought."""

    service: str
    confidence: float
    how: str


def owned(
    live: LiveServer, database: str, contents: LiveContents, clients: Clients, proposed: Boundaries
) -> Mapping[TableName, Owned]:
    """The service of each table of one database."""
    here = [client for client in clients.all if client.database == database and client.confidence >= SURE]
    tables = [table for table in contents.tables if table.kind in TABLES]
    owners = {table.owner for table in tables if not clients.superuser(table.owner)}
    schemas = {table.name.schema for table in tables} - {"public"}
    writers = _writers(live, database, contents, here)
    only = {client.service for client in here}
    found: dict[TableName, Owned] = {}
    for table in tables:
        name = table.name
        writing = writers.get(name, set())
        if len(owners) > 1 and table.owner in owners:
            found[name] = Owned(_of_role(table.owner, here), OWNER, f'its owner is "{table.owner}"')
        elif len(only) == 1:
            found[name] = Owned(next(iter(only)), DATABASE, f'nobody else was seen in database "{database}"')
        elif len(writing) == 1:
            found[name] = Owned(next(iter(writing)), WRITES, "no other login's statements write it")
        elif len(schemas) > 1 and name.schema != "public":
            found[name] = Owned(name.schema, SCHEMA, f'it lies in schema "{name.schema}"')
        elif name in proposed.groups:
            found[name] = Owned(
                proposed.groups[name], PROPOSAL, "it has most to do with tables that are proposed together"
            )
    return found


def _of_role(role: str, here: list[Client]) -> str:
    """The service of an owner: that of a login which is called alike, else its own name."""
    plain = called(role)
    return next((client.service for client in here if called(client.login) == plain), plain)


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
