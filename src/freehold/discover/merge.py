"""Facts of many files put together into one picture: pure, and the same whatever order the facts come in."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace

from freehold.discover.bags import Reach
from freehold.discover.created import administrators, all_made
from freehold.discover.facts import Connection, Deployed, Fact, Server, Variable
from freehold.discover.identity import Identity
from freehold.discover.made import DatabaseMade, SchemaMade, TableMade, TableNamed
from freehold.discover.model import (
    CrossingSeen,
    DatabaseSeen,
    Discovery,
    Evidence,
    SchemaSeen,
    ServiceSeen,
    TableSeen,
    Use,
)
from freehold.discover.places import only_tests
from freehold.discover.uses import Uses
from freehold.discover.variables import Variables, filled

EVIDENCE_MAX = 20
"""Places shown for one service; the findings show their own."""


def merge(facts: Iterable[Fact], root: str = "", files: int = 0) -> Discovery:
    """What the facts say together. Test-only places give no service a database."""
    facts = tuple(sorted(map(_anywhere, facts), key=lambda fact: (fact.at, type(fact).__name__, repr(fact))))
    variables = Variables(facts)
    facts = tuple(_imaged(fact, variables) for fact in facts)
    identity = Identity(facts, root)
    named = [(fact.scope, name) for fact in facts if isinstance(fact, Server) for name in (fact.name, *fact.aliases)]
    uses = Uses(facts, identity, variables, Reach(identity, named)).all()
    made = all_made(facts, identity, variables)
    real = tuple(use for use in uses if use.environment != "test")
    tables = tuple(sorted(_tables(facts, identity, real)))
    schemas = tuple(sorted(set(_schemas(facts, identity, real, tables))))
    return Discovery(
        root=root,
        services=tuple(_services(identity, real, schemas, tables)),
        databases=tuple(_databases(made, real)),
        schemas=schemas,
        tables=tables,
        uses=uses,
        crossings=tuple(sorted(set(_crossings(facts, identity, tables)))),
        facts=facts,
        files=files,
        administrators=tuple(sorted(administrators(facts, identity, variables))),
    )


def _anywhere(fact: Fact) -> Fact:
    """A fact of an exported file is of no environment: what sounds like one in its path is the name of a service."""
    if fact.at.literal and isinstance(fact, Deployed | Variable | Connection | DatabaseMade) and fact.environment:
        return replace(fact, environment="")
    return fact


def _imaged(fact: Fact, variables: Variables) -> Fact:
    """A deployed service with the image that its variable stands for."""
    if isinstance(fact, Deployed) and "$" in fact.image:
        return replace(fact, image=filled(fact.image, variables.around(fact.scope)))
    return fact


def _owner(identity: Identity, path: str) -> str:
    owners = identity.of_path(path)
    return owners[0].name if owners else ""


def _database(service: str, uses: tuple[Use, ...]) -> str:
    """The one database of a service, empty when it has none or several."""
    found = {use.database for use in uses if use.service == service}
    return next(iter(found)) if len(found) == 1 else ""


def _tables(facts: tuple[Fact, ...], identity: Identity, uses: tuple[Use, ...]) -> Iterator[TableSeen]:
    seen: set[tuple[str, str, str, str]] = set()
    for fact in facts:
        if isinstance(fact, TableMade) and not only_tests(fact.at.file):
            service = _owner(identity, fact.at.file)
            database = fact.database or _database(service, uses)
            # scripts of nobody may define a table twice, which is a finding; those of a service change their own
            key = (service or fact.at.file, database, fact.schema, fact.table)
            if key not in seen:
                seen.add(key)
                yield TableSeen(database, fact.schema, fact.table, service, fact.columns, fact.at)


def _schemas(
    facts: tuple[Fact, ...], identity: Identity, uses: tuple[Use, ...], tables: tuple[TableSeen, ...]
) -> Iterator[SchemaSeen]:
    paths: dict[str, set[str]] = defaultdict(set)
    for use in uses:
        for schema in use.schemas:
            paths[schema].add(use.service)
    # a search_path may name what others own: it tells an owner where one service alone has the schema in its own
    alone = {schema: min(services) for schema, services in paths.items() if len(services) == 1}
    for fact in facts:
        if isinstance(fact, SchemaMade):
            # a folder of an export is called after an instance, which may be called like a service
            service = "" if fact.at.literal else _owner(identity, fact.at.file)
            service = service or _by_role(identity, fact, uses) or alone.get(fact.schema, "")
            yield SchemaSeen(fact.schema, fact.database or _database(service, uses), service, fact.at)
    known = {fact.schema for fact in facts if isinstance(fact, SchemaMade)}
    for use in uses:
        for schema in use.schemas:
            if schema not in known and schema in alone:
                yield SchemaSeen(schema, use.database, use.service, use.at)
    known |= set(alone)
    for table in tables:
        if table.schema and table.schema not in known:
            known.add(table.schema)
            yield SchemaSeen(table.schema, table.database, table.service, table.at)


def _by_role(identity: Identity, fact: SchemaMade, uses: tuple[Use, ...]) -> str:
    """Whose schema it is: that of the one service in its database, or of the service that its owner is named after."""
    users = {use.service for use in uses if fact.database and use.database == fact.database}
    if len(users) == 1:
        return min(users)
    role = f"_{_words(fact.owner)}_"
    named = [known.name for known in identity.known if f"_{_words(known.name)}_" in role]
    named = sorted((name for name in named if not users or name in users), key=lambda name: (-len(name), name))
    return named[0] if named else ""


def _words(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", name.lower())


def _crossings(facts: tuple[Fact, ...], identity: Identity, tables: tuple[TableSeen, ...]) -> Iterator[CrossingSeen]:
    owners: dict[tuple[str, str], set[str]] = defaultdict(set)
    for table in tables:
        if table.service:
            owners[table.schema, table.name].add(table.service)
            owners["", table.name].add(table.service)
    for fact in facts:
        if not isinstance(fact, TableNamed) or only_tests(fact.at.file):
            continue
        service = _owner(identity, fact.at.file)
        there = owners.get((fact.to_schema, fact.to_table)) or (set() if fact.to_schema else owners["", fact.to_table])
        if service and there and service not in there:
            to_table = f"{fact.to_schema}.{fact.to_table}" if fact.to_schema else fact.to_table
            table_name = f"{fact.schema}.{fact.table}" if fact.schema else fact.table
            yield CrossingSeen(service, table_name, min(there), to_table, fact.how, fact.at)


def _services(
    identity: Identity, uses: tuple[Use, ...], schemas: tuple[SchemaSeen, ...], tables: tuple[TableSeen, ...]
) -> Iterator[ServiceSeen]:
    names = {known.name: known for known in reversed(identity.known)}
    for name in sorted(names):
        known = names[name]
        mine = [use for use in uses if use.service == name]
        own_tables = [table for table in tables if table.service == name]
        own_schemas = sorted({schema.name for schema in schemas if schema.service == name})
        places = [d.at for d in known.deployed if d.environment != "test"]
        if not mine and not own_tables and not own_schemas and (not places or known.folder is None):
            continue  # a broker or a dashboard that somebody else made
        evidence: list[Evidence] = sorted({*places, *(use.at for use in mine)}) or [t.at for t in own_tables[:1]]
        yield ServiceSeen(
            name,
            tuple(sorted({use.database for use in mine})),
            tuple(own_schemas),
            tuple(sorted({table.shown for table in own_tables})),
            tuple(evidence[:EVIDENCE_MAX]),
            known.folder or "",
        )


def _databases(made: tuple[DatabaseMade, ...], uses: tuple[Use, ...]) -> Iterator[DatabaseSeen]:
    """Databases by name; one name on several servers of a deployment is several databases."""
    where: dict[str, set[str]] = defaultdict(set)
    scopes: dict[tuple[str, str], set[str]] = defaultdict(set)
    real = [m for m in made if m.environment != "test"]
    for m in real:
        if m.server:
            scope, _, server = m.server.rpartition(":")
            scopes[m.database, scope].add(server)
            where[m.database].add(server)
    apart = {name for (name, _), servers in scopes.items() if len(servers) > 1}
    for name in sorted({m.database for m in real} | {use.database for use in uses}):
        makers = [m for m in real if m.database == name]
        users = [use for use in uses if use.database == name]
        servers = sorted(where[name] | {use.server for use in users if use.server})
        if name not in apart:
            owner = next((m.owner for m in makers if m.owner), "")
            yield _seen(name, where[name] or set(servers), owner, makers, users)
            continue
        for server in servers:
            here = [m for m in makers if m.server.rpartition(":")[2] == server]
            yield _seen(name, {server}, "", here, [use for use in users if use.server == server])


def _seen(name: str, servers: Iterable[str], owner: str, made: list[DatabaseMade], uses: list[Use]) -> DatabaseSeen:
    return DatabaseSeen(
        name,
        min(servers, default=""),
        owner,
        tuple(sorted({m.at for m in made})),
        tuple(sorted({use.service for use in uses})),
    )
