"""Which service uses which database: every connection string and every group of variables followed to its end."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from freehold.discover import connections, engines, places
from freehold.discover.connections import POSTGRESQL, Target
from freehold.discover.facts import Connection, Fact, MadeFor, Takes, Variable
from freehold.discover.identity import Identity, Known, stem
from freehold.discover.model import GUESS, LIKELY, Evidence, Use
from freehold.discover.variables import Bag, Lookup, Variables, filled, open_variables

_PART = re.compile(
    r"^(?P<group>(?:.*_)?(?:DB|DATABASE|POSTGRES|POSTGRESQL|PG|PSQL|PGSQL|SQL|RDS|DATASOURCE|DATA_SOURCE|STORAGE)S?(?:_MAIN|_MASTER|_PRIMARY|_DEFAULT)?_?)"
    r"(?P<part>DATABASE_NAME|DB_NAME|DATABASE|DBNAME|NAME|DB|SCHEMA_NAME|HOSTNAME|HOST|SERVER|ADDRESS|ADDR|ENDPOINT|URI|URL|"
    r"USERNAME|USER|LOGIN|PORT|ENGINE|TYPE|CONNECTION|DRIVER|DIALECT|CLIENT|VENDOR|ADAPTER|PROVIDER)$"
)
_ROLES = {
    "DATABASE_NAME": "database", "DB_NAME": "database", "DATABASE": "database", "DBNAME": "database",
    "NAME": "database",
    "DB": "database", "HOST": "host", "HOSTNAME": "host", "SERVER": "host", "ADDRESS": "host", "ADDR": "host",
    "ENDPOINT": "host", "USER": "login", "USERNAME": "login", "LOGIN": "login", "PORT": "port", "ENGINE": "engine",
    "TYPE": "engine", "CONNECTION": "engine", "DRIVER": "engine", "DIALECT": "engine", "CLIENT": "engine",
    "VENDOR": "engine", "ADAPTER": "engine", "PROVIDER": "engine",
}  # fmt: skip
_TEST_DATABASE = re.compile(r"[_-]tests?$", re.IGNORECASE)
_LOCAL = {"localhost", "127.0.0.1", "0.0.0.0", "host.docker.internal", "::1", "172.17.0.1", ""}


class Reach:
    """Follows hosts to the servers of their deployment."""

    def __init__(self, identity: Identity, named: Iterable[tuple[str, str]] = ()) -> None:
        self._engines: dict[tuple[str, str], str] = {}
        self._anywhere: dict[str, set[str]] = defaultdict(set)
        everything = [*identity.servers.items(), *(((scope, name), POSTGRESQL) for scope, name in named)]
        for (scope, name), engine in everything:
            if engine:
                self._engines[scope, name] = engine
                self._anywhere[name].add(engine)
        self.engines = set().union(*self._anywhere.values()) if self._anywhere else set()

    def engine(self, scope: str, host: str) -> str:
        """The engine of the server a host name leads to, empty for one that no file starts."""
        first = host.partition(":")[0].partition(".")[0]
        if (scope, first) in self._engines:
            return self._engines[scope, first]
        found = self._anywhere.get(first, set())
        return next(iter(found)) if len(found) == 1 else ""

    def server(self, host: str) -> str:
        """The host as the name of a server; empty for one that means this machine."""
        name = host.partition(":")[0]
        if name in _LOCAL or open_variables(name):
            return ""
        first = name.partition(".")[0]
        return first if first in self._anywhere or name.endswith((".local", ".svc")) else name


def of_bag(bag: Bag, scope: str, around: Lookup, reach: Reach) -> Iterator[tuple[Target, Variable]]:
    """The PostgreSQL connections that variables spell out, each with the variable that names the database."""

    def lookup(name: str) -> str | None:
        own = bag.get(name)
        # a service that passes ${NAME} or ${NAME:-x} on under the same name means the deployment's
        return around(name) if own is None or _itself(name, own.value) else own.value

    values = {name: filled(variable.value, lookup) for name, variable in bag.items() if not variable.secret}
    whole: set[str] = set()
    for name, value in values.items():
        target = connections.parse(value)
        if target is not None:
            engine = target.engine or reach.engine(scope, target.host)
            if engine == POSTGRESQL:
                whole.add(name)
            if engine == POSTGRESQL and _PART_OF_TEST.search(name) is None:
                yield replace(target, engine=engine), bag[name]
    yield from _groups(bag, values, whole, scope, reach)


def _itself(name: str, value: str) -> bool:
    return re.search(rf"\$\{{?{re.escape(name)}\b", value) is not None


_PART_OF_TEST = re.compile(r"(^|_)TEST(_|$)", re.IGNORECASE)


def _groups(
    bag: Bag, values: Mapping[str, str], whole: set[str], scope: str, reach: Reach
) -> Iterator[tuple[Target, Variable]]:
    groups: dict[str, dict[str, str]] = defaultdict(dict)
    for name in values:
        match = _PART.match(re.sub(r"__|[.:-]", "_", name).upper())
        if match is not None and match["part"] in _ROLES:
            groups[match["group"]].setdefault(_ROLES[match["part"]], name)
    named = {group for group, parts in groups.items() if "database" in parts}
    for group in sorted(named):
        parts = groups[group]
        found = {role: values[name] for role, name in parts.items()}
        variable = bag[parts["database"]]
        if _PART_OF_TEST.search(group) or not places.NAME.match(found["database"]) or parts["database"] in whole:
            continue
        if found["database"].endswith((".db", ".sqlite", ".sqlite3")) or (group.endswith("SQL_") and "MYSQL" in group):
            continue
        host = found.get("host", "")
        if whole and not host:
            continue  # what a server was given, seen in a client that has a whole connection string
        if not host and len(named) == 1:
            # DB_NAME beside POSTGRES_HOST: two prefixes, one connection
            host = next((values[p["host"]] for g, p in sorted(groups.items()) if "host" in p), "")
        engine = _engine(group, found, host, scope, reach)
        if engine == POSTGRESQL:
            yield Target(engine, found["database"], host, found.get("login", "")), variable


def _engine(group: str, found: Mapping[str, str], host: str, scope: str, reach: Reach) -> str:
    told = engines.of_word(found.get("engine", ""))
    if told:
        return told
    if re.search(r"MYSQL|MARIA|MONGO|MSSQL|ORACLE|SQLITE|REDIS|CLICKHOUSE", group):
        return "other"
    if re.search(r"POSTGRES|(^|_)PG|PSQL", group):
        return POSTGRESQL
    reached = reach.engine(scope, host)
    if reached:
        return reached
    if found.get("port") in ("3306", "27017", "1433", "1521"):
        return "other"
    if found.get("port", "").startswith("543") or "postgres" in host.lower() or "postgres" in found.get("login", ""):
        return POSTGRESQL
    # no word of an engine anywhere: only where PostgreSQL is the one engine there is
    return POSTGRESQL if reach.engines - {"redis", "memcached", "elasticsearch"} == {POSTGRESQL} else ""


class Uses:
    """Collects uses: of deployments, of env files, and of what the code falls back to."""

    def __init__(self, facts: tuple[Fact, ...], identity: Identity, variables: Variables, reach: Reach) -> None:
        self._facts = facts
        self._identity = identity
        self._variables = variables
        self._reach = reach
        self._asked: dict[str, str] = defaultdict(str)
        for fact in facts:
            if isinstance(fact, Connection):
                for known in identity.of_path(fact.at.file):
                    self._asked[known.folder or ""] += f"{fact.url} {fact.database} "

    def all(self) -> tuple[Use, ...]:
        found = [*self._deployed(), *self._files(), *self._configs(), *self._code()]
        return tuple(
            sorted(
                {_sure(use) for use in found if places.NAME.match(use.database) and not open_variables(use.database)}
            )
        )

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
        """Of an env file that several services take and that names several databases, what the service asks for."""
        if len({target.database for target, _ in found}) < 2:
            return found
        names = {stem(known.name)} | {stem(each.name) for each in known.deployed}
        asked = self._asked.get(known.folder or "", "") if known.folder else ""
        return [
            (target, variable)
            for target, variable in found
            if not self._variables.shared(variable.holder)
            or f"{{{variable.name}" in asked
            or any(name and name in places.plain(f"{variable.name} {target.database}") for name in names)
        ]

    def _files(self) -> Iterator[Use]:
        """Env files that lie in a service's own folder."""
        for path in self._variables.files():
            owners = self._identity.of_path(path)
            if not owners or (owners[0].folder == "" and len(self._identity.known) > 1):
                continue
            scope = owners[0].deployed[0].scope if owners[0].deployed else ""
            bag = self._variables.bag(f"file:{path}")
            for target, variable in of_bag(bag, scope, lambda name: None, self._reach):
                how = "example" if places.template(path) else "configured"
                yield self._use(owners[0].name, target, variable.environment, how, variable.at)

    def _configs(self) -> Iterator[Use]:
        """ConfigMaps labelled for a service whose workload is kept somewhere else."""
        taken = {fact.source for fact in self._facts if isinstance(fact, Takes)}
        for fact in self._facts:
            if isinstance(fact, MadeFor) and fact.holder not in taken and fact.service:
                bag = self._variables.bag(fact.holder)
                for target, variable in of_bag(bag, fact.scope, lambda name: None, self._reach):
                    service = self._identity.named(fact.service).name
                    yield self._use(service, target, variable.environment, "configured", variable.at)

    def _code(self) -> Iterator[Use]:
        for fact in self._facts:
            if isinstance(fact, Connection):
                yield from self._connection(fact)

    def _connection(self, fact: Connection) -> Iterator[Use]:
        if fact.owner:
            owners: tuple[Known, ...] = (self._identity.named(fact.owner),)
        else:
            owners = self._identity.of_path(fact.at.file)
        if owners and owners[0].folder == "" and fact.at.confidence <= GUESS and len(self._identity.known) > 1:
            return  # beside several services the root is nobody's, and a guess is not enough to say otherwise
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
            return target, bool(asked)
        login = filled(fact.login, lookup)
        database = filled(fact.database, lookup) or login
        return Target(fact.engine, database, filled(fact.host, lookup), login, "", fact.schemas), bool(asked)

    def _use(self, service: str, target: Target, environment: str, how: str, at: Evidence) -> Use:
        database = target.database or target.login  # libpq takes the login's name where none is given
        server = self._reach.server(target.host)
        if _TEST_DATABASE.search(database):
            environment = "test"
        return Use(service, database, environment, how, server, target.login, at)


def _sure(use: Use) -> Use:
    if use.how == "configured" or use.at.confidence < LIKELY:
        return use
    return replace(use, at=replace(use.at, confidence=LIKELY if use.how == "default" else GUESS))
