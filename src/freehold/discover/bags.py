"""What the variables of one service spell out: whole connection strings, and groups such as DB_HOST and DB_NAME."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from freehold.discover import connections, engines, places
from freehold.discover.connections import POSTGRESQL, Target
from freehold.discover.facts import Variable
from freehold.discover.identity import Identity
from freehold.discover.variables import Bag, Lookup, filled, open_variables

_PART = re.compile(
    r"^(?P<group>(?:.*_)?(?:DB_URL|DB|DATABASE|TYPEORM|POSTGRES|POSTGRESQL|POSTGRESDB|PG|PSQL|PGSQL|SQL|RDS|DATASOURCE|DATA_SOURCE|STORAGE)S?(?:_MAIN|_MASTER|_PRIMARY|_DEFAULT)?_?)"
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

    def here(self, scope: str, host: str) -> str:
        """The engine of the server of this name in the same deployment, whatever a connection string calls it."""
        return self._engines.get((scope, host.partition(":")[0].partition(".")[0]), "")

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

    values = {n: each.value if each.at.literal else filled(each.value, lookup) for n, each in bag.items()}
    whole: set[str] = set()
    for name, value in values.items():
        target = connections.parse(value)
        if target is not None:
            engine = reach.here(scope, target.host) or target.engine or reach.engine(scope, target.host)
            if engine == POSTGRESQL:
                whole.add(name)
            if engine == POSTGRESQL and (bag[name].at.literal or not _PART_OF_TEST.search(name)):
                application = target.application or values.get("PGAPPNAME", "")
                yield replace(target, engine=engine, application=application, direct=_direct(name)), bag[name]
    yield from _groups(bag, values, whole, scope, reach)


def _direct(name: str) -> bool:
    """Whether a variable is called the way past a pool, as DIRECT_URL is."""
    return "DIRECT" in name.upper().split("_")


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
        if parts["database"] in whole:
            continue
        if not variable.at.literal and (_PART_OF_TEST.search(group) or not places.NAME.match(found["database"])):
            continue
        if places.FILE_NAME.search(found["database"]) or (group.endswith("SQL_") and "MYSQL" in group):
            continue
        host = found.get("host", "")
        if whole and not host:
            continue  # what a server was given, seen in a client that has a whole connection string
        if not host and len(named) == 1:
            # DB_NAME beside POSTGRES_HOST: two prefixes, one connection
            host = next((values[p["host"]] for g, p in sorted(groups.items()) if "host" in p), "")
        engine = _engine(group, found, host, scope, reach)
        if engine == POSTGRESQL:
            yield (
                Target(
                    engine, found["database"], host, found.get("login", ""), port=found.get("port", ""),
                    application=values.get("PGAPPNAME", ""), direct=_direct(group),
                ),
                variable,
            )  # fmt: skip


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
