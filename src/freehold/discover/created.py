"""Which databases are created, by whom: server images, scripts that they run, operators, tools."""

from __future__ import annotations

import re
from collections.abc import Iterator

from freehold.discover import places
from freehold.discover.connections import POSTGRESQL
from freehold.discover.facts import Deployed, Fact, Mounted, Runs, Script, Variable
from freehold.discover.identity import Identity
from freehold.discover.made import DatabaseMade, RoleMade
from freehold.discover.model import CERTAIN
from freehold.discover.places import NAME
from freehold.discover.variables import Lookup, Variables, filled, known, open_variables

_OWN = ("POSTGRES_DB", "POSTGRESQL_DATABASE", "POSTGRES_DATABASE")
_USER = ("POSTGRES_USER", "POSTGRESQL_USERNAME")
LISTS = re.compile(
    r"(MULTIPLE|EXTRA|ADDITIONAL).*(DB|DATABASE)S?|(DB|DATABASE)_?(LIST|NAMES)|^(POSTGRES_)?(DBS|DATABASES)$"
)


def all_made(facts: tuple[Fact, ...], identity: Identity, variables: Variables) -> tuple[DatabaseMade, ...]:
    """What creates a database, the servers' own variables followed, sorted."""
    found = set(_resolved(facts, variables)) | set(_by_images(facts, identity, variables))
    return tuple(sorted(found, key=lambda made: (made.database, made.at)))


def started(facts: tuple[Fact, ...]) -> frozenset[str]:
    """The paths of scripts that a server or another started script runs."""
    mounted = [fact.path for fact in facts if isinstance(fact, Mounted)]
    runs = [fact for fact in facts if isinstance(fact, Runs)]
    scripts = {fact.path for fact in facts if isinstance(fact, Script)} | {fact.path for fact in runs}
    found = {path for path in scripts for folder in mounted if path == folder or path.startswith(f"{folder}/")}
    found |= {fact.path for fact in runs if fact.at.file not in scripts}
    while more := {fact.path for fact in runs if fact.at.file in found} - found:
        found |= more
    return frozenset(found)


def _resolved(facts: tuple[Fact, ...], variables: Variables) -> Iterator[DatabaseMade]:
    servers = [fact.server for fact in facts if isinstance(fact, Mounted)]
    for fact in facts:
        if not isinstance(fact, DatabaseMade):
            continue
        if fact.at.literal or not open_variables(fact.database):
            # what the parser read is a name whatever it holds; what was guessed at must look like one
            if fact.at.confidence >= CERTAIN or NAME.match(fact.database):
                yield fact
            continue
        # the script runs inside the server, so the server's variables are its own
        for server in sorted(set(servers)):
            scope, _, name = server.rpartition(":")
            bag = variables.bag(f"service:{scope}:{name}")
            around = variables.around(scope)
            database = filled(filled(fact.database, known(bag)), around)
            if NAME.match(database) and not open_variables(database):
                yield DatabaseMade(database, fact.at, server, fact.owner, fact.script, fact.environment)


def _by_images(facts: tuple[Fact, ...], identity: Identity, variables: Variables) -> Iterator[DatabaseMade]:
    running = started(facts)
    readers = {name: fact for fact in facts if isinstance(fact, Script) and fact.path in running for name in fact.reads}
    for each in facts:
        if not isinstance(each, Deployed) or identity.servers.get((each.scope, each.name)) != POSTGRESQL:
            continue
        holder = f"service:{each.scope}:{each.name}"
        around = variables.around(each.scope)
        for environment in {each.environment, *variables.environments(holder)}:
            bag = variables.bag(holder, environment)
            yield from _first(each, bag, around, environment)
            for name, variable in bag.items():
                if name in readers or (LISTS.search(name) and not readers and "bitnami" in each.image):
                    for database in re.split(r"[,\s;]+", filled(variable.value, around)):
                        database = database.partition(":")[0]
                        if database and not open_variables(database):
                            yield DatabaseMade(database, variable.at, f"{each.scope}:{each.name}", "", "", environment)


def _first(each: Deployed, bag: dict[str, Variable], around: Lookup, environment: str) -> Iterator[DatabaseMade]:
    """The one database that the image itself creates: POSTGRES_DB, else one named like the administrator."""
    variable = next((bag[name] for name in (*_OWN, *_USER) if name in bag), None)
    if variable is None and not any(name.startswith(("POSTGRES", "PG")) for name in bag):
        return  # the image starts with nothing less than a password; what says so was not found
    database = filled(variable.value, around) if variable is not None else "postgres"
    if NAME.match(database) and not open_variables(database):
        at = variable.at if variable is not None else each.at
        server = f"{each.scope}:{each.name}"
        yield DatabaseMade(database, at, server, "", "", environment or places.environment(at.file))


def administrators(facts: tuple[Fact, ...], identity: Identity, variables: Variables) -> set[str]:
    """The superusers of the servers that deployments start: what the image was told, and roles made as such."""
    found = {fact.role for fact in facts if isinstance(fact, RoleMade) and fact.superuser}
    for each in facts:
        if isinstance(each, Deployed) and identity.servers.get((each.scope, each.name)) == POSTGRESQL:
            bag = variables.bag(f"service:{each.scope}:{each.name}", each.environment)
            given = next((bag[name].value for name in _USER if name in bag), "postgres")
            name = filled(given, variables.around(each.scope))
            # the user of the bitnami image is no superuser
            if not open_variables(name) and "bitnami" not in each.image:
                found.add(name)
    return found
