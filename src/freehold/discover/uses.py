"""Which service uses which database: every connection string and every group of variables followed to its end."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from posixpath import dirname

from freehold.discover import connections, places
from freehold.discover.asked import MAPPER, Asking
from freehold.discover.bags import Reach, of_bag
from freehold.discover.connections import POSTGRESQL, Target
from freehold.discover.facts import Connection, Fact, MadeFor, Takes, Variable
from freehold.discover.identity import Identity, Known
from freehold.discover.libraries import Libraries
from freehold.discover.model import GUESS, LIKELY, Evidence, Use
from freehold.discover.pools import Pools
from freehold.discover.variables import Bag, Lookup, Variables, filled, open_variables

_TEST_DATABASE = re.compile(r"[_-]tests?$", re.IGNORECASE)


class Uses:
    """Collects uses: of deployments, of env files, and of what the code falls back to."""

    def __init__(self, facts: tuple[Fact, ...], identity: Identity, variables: Variables, reach: Reach) -> None:
        self._facts = facts
        self._identity = identity
        self._variables = variables
        self._reach = reach
        self._asking = Asking(facts, identity)
        self._libraries = Libraries(facts, identity)

    def all(self) -> tuple[Use, ...]:
        found = [*self._deployed(), *self._files(), *self._configs(), *self._code(), *self._fallbacks()]
        found += self._asked({use.database for use in found})
        found += self._images({use.service for use in found})
        named = {_sure(use) for use in found if _is_name(use)}
        return tuple(sorted(set(Pools(self._facts).resolved(named))))

    def bags(self, known: Known) -> Iterator[tuple[str, str, Bag, Lookup, str]]:
        """Scope, environment, variables, what surrounds them, and the name, for each deployment of a service."""
        seen: set[tuple[str, str]] = set()
        for each in known.deployed:
            holder = f"service:{each.scope}:{each.name}"
            for environment in sorted({each.environment, *self._variables.environments(holder)}):
                if (holder, environment) not in seen:
                    seen.add((holder, environment))
                    bag = self._variables.bag(holder, environment)
                    yield each.scope, environment, bag, self._variables.around(each.scope), each.name

    def _deployed(self) -> Iterator[Use]:
        for known in list(self._identity.known):
            for scope, environment, bag, around, _ in self.bags(known):
                for target, variable in self._meant(known, list(of_bag(bag, scope, around, self._reach))):
                    how = "example" if places.template(variable.at.file) else "configured"
                    yield self._use(known.name, target, environment or variable.environment, how, variable.at)

    def _meant(self, known: Known, found: list[tuple[Target, Variable]]) -> list[tuple[Target, Variable]]:
        """Of what several services are given, what this one asks for."""
        shared = {id(variable) for _, variable in found if self._variables.shared(variable.holder)}
        several = len({target.database for target, _ in found}) > 1
        return [
            (target, variable)
            for target, variable in found
            if id(variable) not in shared
            or self._asking.names(known, variable.name)
            or self._asking.called(known, f"{variable.name} {target.database}")
            or (self._asking.mentions(known, variable.name) if several else self._asking.may_take(known, variable.name))
        ]

    def _files(self) -> Iterator[Use]:
        """Env files that lie in a service's own folder."""
        for path in self._variables.files():
            owners = self._identity.of_path(path)
            if not owners and self._variables.taken(f"file:{path}"):
                continue  # whoever takes it says whose it is
            alone = [known for known in self._identity.known if known.deployed] == list(owners)
            if (not owners or owners[0].folder == "") and self._several() and not (alone and owners):
                named = self._identity.named_by_file(path)
                if owners and not named:
                    continue
                owners = named
            scope = owners[0].deployed[0].scope if owners and owners[0].deployed else ""
            bag = self._variables.bag(f"file:{path}")
            for target, variable in of_bag(bag, scope, self._variables.around(f":{dirname(path)}"), self._reach):
                how = "example" if places.template(path) else "configured"
                for known in owners[:1] or self._called(target.application, variable.at):
                    if self._asking.unheard(known, variable.name):
                        continue  # what only a template speaks of
                    yield self._use(known.name, target, variable.environment, how, variable.at)

    def _asked(self, used: set[str]) -> Iterator[Use]:
        """An env file at the root, for each of several services that mentions a variable nobody else was given."""
        for path in self._variables.files() if self._several() else ():
            if "/" in path:
                continue
            how = "example" if places.template(path) else "configured"
            for target, variable in of_bag(self._variables.bag(f"file:{path}"), "", lambda name: None, self._reach):
                for known in self._asking_for(variable.name) if target.database not in used else ():
                    yield self._use(known.name, target, variable.environment, how, variable.at)

    def _images(self, used: set[str]) -> Iterator[Use]:
        """What the image of a service sets itself, where nothing else says where its data is."""
        for holder in dict.fromkeys(f.holder for f in self._facts if isinstance(f, Variable)):
            if not holder.startswith("last:"):
                continue
            for target, variable in of_bag(self._variables.bag(holder), "", lambda name: None, self._reach):
                owners = self._identity.of_path(variable.at.file)
                if len(owners) == 1 and owners[0].name not in used:
                    yield self._use(owners[0].name, target, variable.environment, "configured", variable.at)

    def _asking_for(self, name: str) -> list[Known]:
        """The programs that mention a variable; where a library does, the one program, or those that speak of its
        mapper."""
        found = self._programs(self._asking.mentioning(name)) or self._programs(self._identity.projects.only_program())
        if found or not self._asking.anybody(name):
            return found
        return self._programs(self._asking.mentioning(MAPPER))

    def _programs(self, folders: list[str]) -> list[Known]:
        known = [known for folder in folders for known in self._identity.of_path(f"{folder}/.")]
        return [each for each in known if each.deployed or each.folder in self._identity.projects.startable()]

    def _several(self) -> bool:
        return len(self._identity.known) > 1 or self._identity.projects.workspace()

    def _called(self, application: str, at: Evidence) -> tuple[Known, ...]:
        """The service that a program calls itself at the server, for a file that belongs to no folder of one."""
        if not application or (open_variables(application) and not at.literal):
            return ()
        return (self._identity.named(application, literal=at.literal),)

    def _configs(self) -> Iterator[Use]:
        """ConfigMaps labelled for a service whose workload is kept somewhere else."""
        taken = {fact.source for fact in self._facts if isinstance(fact, Takes)}
        for fact in self._facts:
            if isinstance(fact, MadeFor) and fact.holder not in taken and fact.service:
                bag = self._variables.bag(fact.holder)
                for target, variable in of_bag(bag, fact.scope, lambda name: None, self._reach):
                    service = self._identity.named(fact.service, literal=fact.at.literal).name
                    yield self._use(service, target, variable.environment, "configured", variable.at)

    def _fallbacks(self) -> Iterator[Use]:
        """What the code of a service takes where its environment says nothing, all of its files together."""
        bags: dict[str, dict[str, Variable]] = defaultdict(dict)
        services: dict[str, Known] = {}
        for fact in self._facts:
            if isinstance(fact, Variable) and fact.holder.startswith("code:"):
                owners = self._identity.of_path(fact.at.file)
                shown = places.shown_to_people(fact.at.file.removeprefix(f"{owners[0].folder}/")) if owners else False
                if len(owners) == 1 and not shown and not self._identity.no_program(owners):
                    services[owners[0].name] = owners[0]
                    bags[owners[0].name].setdefault(fact.name, fact)
        for name, bag in bags.items():
            scope = services[name].deployed[0].scope if services[name].deployed else ""
            for target, variable in of_bag(bag, scope, lambda name: None, self._reach):
                yield self._use(name, target, variable.environment, "default", variable.at)

    def _code(self) -> Iterator[Use]:
        for fact in self._facts:
            if isinstance(fact, Connection):
                yield from self._connection(fact)

    def _connection(self, fact: Connection) -> Iterator[Use]:
        if fact.owner:
            owners: tuple[Known, ...] = (self._identity.named(fact.owner, literal=fact.at.literal),)
        else:
            owners = self._identity.of_path(fact.at.file) or self._called(self._application(fact), fact.at)
            if owners and places.shown_to_people(fact.at.file.removeprefix(f"{owners[0].folder}/")):
                return
            if owners and self._libraries.is_one(owners[0]):
                owners = self._libraries.takers(fact.at.file)
        if fact.at.confidence <= GUESS and owners and self._identity.no_program(owners):
            return  # a guess is not enough to make a service of it
        for known in owners:
            found: set[tuple[str, str]] = set()
            for scope, environment, bag, around, _ in self.bags(known):
                target, set_there = self._filled(fact, bag, around)
                if target is not None and self._ours(target, scope):
                    how = "configured" if set_there else fact.how
                    key = (target.database, how)
                    if key not in found:
                        found.add(key)
                        yield self._use(known.name, target, fact.environment or environment, how, fact.at)
            # what the code falls back to counts beside what it is given: they may differ
            target, _ = self._filled(fact, {}, lambda name: None)
            if target is not None and self._ours(target, "") and target.database not in {name for name, _ in found}:
                yield self._use(known.name, target, fact.environment, fact.how, fact.at)

    def _ours(self, target: Target, scope: str) -> bool:
        return (target.engine or self._reach.engine(scope, target.host)) == POSTGRESQL

    def _filled(self, fact: Connection, bag: Bag, around: Lookup) -> tuple[Target | None, bool]:
        asked: list[str] = []

        def lookup(name: str) -> str | None:
            # Spring finds spring.datasource.url as SPRING_DATASOURCE_URL too
            for spelling in (name, re.sub(r"[.\-\[\]]+", "_", name).upper()):
                if spelling not in bag or bag[spelling].value == f"${{{spelling}}}":
                    continue
                asked.append(name)
                return filled(bag[spelling].value, around)
            return around(name)

        if fact.url:
            text = filled(fact.url, lookup)
            target = connections.parse(text)
            return target and replace(target, direct=fact.direct), bool(asked)
        if fact.at.literal:
            database = fact.database or fact.login
            return Target(
                fact.engine, database, fact.host, fact.login, "", fact.schemas, fact.port, fact.application, fact.direct
            ), False
        login = filled(fact.login, lookup)
        database = filled(fact.database, lookup) or login
        target = Target(
            fact.engine, database, filled(fact.host, lookup), login, "", fact.schemas,
            filled(fact.port, lookup), fact.application, fact.direct,
        )  # fmt: skip
        return target, bool(asked)

    def _application(self, fact: Connection) -> str:
        target = connections.parse(fact.url) if fact.url else None
        return target.application if target is not None else fact.application

    def _use(self, service: str, target: Target, environment: str, how: str, at: Evidence) -> Use:
        database = target.database or target.login  # libpq takes the login's name where none is given
        server = self._reach.server(target.host)
        if _TEST_DATABASE.search(database) and not at.literal:
            environment = "test"
        return Use(
            service, database, environment, how, server, target.login, at,
            target.port, "", target.schemas, target.direct,
        )  # fmt: skip


def _is_name(use: Use) -> bool:
    if use.at.literal:
        return bool(use.database)
    name = use.database
    return bool(places.NAME.match(name)) and not open_variables(name) and not places.FILE_NAME.search(name)


def _sure(use: Use) -> Use:
    if use.how == "configured" or use.at.confidence < LIKELY:
        return use
    return replace(use, at=replace(use.at, confidence=LIKELY if use.how == "default" else GUESS))
