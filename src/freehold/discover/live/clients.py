"""Who uses which database, as far as a server can tell: by login, else by the name an application gives itself, else
by address, each with its confidence.

A login of its own names its service (0.9), also where only its statements were recorded (0.8). Where several
applications come in under one login, or a superuser does, the login says nothing: then the application_name does,
which every client may set as it likes (0.6), and without one only the address is left (0.3). An address that is hidden
from us leaves the login alone (0.2).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from freehold.discover.live.model import LiveServer, Seen

OWN_LOGIN, STATEMENTS, APPLICATION, ADDRESS, NOTHING = 0.9, 0.8, 0.6, 0.3, 0.2

# fmt: off
_TOOLS = frozenset({
    "psql", "pgadmin", "dbeaver", "datagrip", "pgcli", "pg_dump", "pg_dumpall", "pg_restore", "pg_basebackup",
    "pgbench", "vacuumdb", "reindexdb", "freehold", "postgres_exporter", "pgwatch", "pg_activity", "pgbackrest",
    "barman", "navicat", "tableplus", "beekeeper", "metabase", "grafana", "patroni", "pg_amcheck",
})
"""Applications through which people and machines look after a server: no services."""

_DRIVERS = frozenset({
    "postgresql", "postgres", "jdbc", "driver", "npgsql", "pgx", "node", "psycopg", "psycopg2", "asyncpg", "sqlalchemy",
    "django", "prisma", "pgbouncer", "pgdog", "pgcat", "odyssey", "libpq", "unnamed", "rails", "puma", "sidekiq",
    "hikari",
})
"""Words of which drivers and pools make their default name."""
# fmt: on
_SUFFIX = re.compile(
    r"(?<=.)[-_. ](app|user|usr|svc|service|srv|rw|ro|login|role|api|db|owner|server|client)$", re.I | re.S
)
_POD = re.compile(r"-[0-9a-f]{6,10}-[a-z0-9]{5}$|[-_:. ]+\d+$")
"""What a deployment adds to the name of each copy: the hash and the letters of a pod, or a number."""


@dataclass(frozen=True, slots=True, order=True)
class Client:
    """A service that was seen to use a database; ``how`` is login, statements, application, address or
    nothing."""

    service: str
    database: str
    login: str
    how: str
    confidence: float
    text: str


def words(name: str) -> tuple[str, ...]:
    """The words of a name, in lower case."""
    return tuple(part for part in re.split(r"[^0-9a-z\x80-\U0010ffff]+", name.lower()) if part)


def called(name: str) -> str:
    """A login or an application's name without what says only that it is one: ``orders_app`` is ``orders``."""
    while (cut := _SUFFIX.search(name)) is not None:
        name = name[: cut.start()]
    return name


def application(name: str) -> str:
    """What an application_name says of a service; empty for tools, drivers and nothing."""
    plain = name.strip()
    plain = _POD.sub("", plain) or plain
    found = words(plain)
    if not found or _tool(plain) or all(word in _DRIVERS for word in found):
        return ""
    return called(plain)


def is_tool(seen: Seen) -> bool:
    """Whether a person or a tool was connected."""
    return _tool(seen.application)


def _tool(name: str) -> bool:
    return re.split(r"[\s/:(]|-(?=\s)", name.strip().lower(), maxsplit=1)[0] in _TOOLS


class Clients:
    """Everything that pg_stat_activity showed of who uses what."""

    def __init__(self, live: LiveServer) -> None:
        self._live = live
        maintenance = {live.server.maintenance_database, "postgres", "template1"}
        self.seen = tuple(one for one in live.seen if not is_tool(one))
        self._of_login: dict[str, list[Seen]] = {}
        for one in self.seen:
            if one.database not in maintenance or one.application:
                self._of_login.setdefault(one.login, []).append(one)

    def superuser(self, login: str) -> bool:
        """Whether a login is a superuser."""
        role = self._live.server.roles.get(login)
        return role is not None and role.superuser

    @cached_property
    def shared(self) -> Mapping[str, str]:
        """The logins that say nothing of who uses them, and why."""
        found: dict[str, str] = {}
        for login, seen in sorted(self._of_login.items()):
            applications = sorted({name for one in seen if (name := application(one.application))})
            databases = sorted({one.database for one in seen})
            addresses = {one.client for one in seen}
            if len(applications) > 1:
                found[login] = f"{len(applications)} applications use it: {_listed(applications)}"
            elif not applications and len(databases) > 1:
                found[login] = f"it is connected to {len(databases)} databases: {_listed(databases)}"
            elif self.superuser(login):
                found[login] = f"it is a superuser, connected from {len(addresses)} places"
        return found

    @cached_property
    def _platform(self) -> str:
        """What most roles begin with: the name of the platform."""
        return _prefix(role.name for role in self._live.server.roles.values() if not role.superuser)

    def names(self, roles: Iterable[str]) -> Mapping[str, str]:
        """The service that each of these roles stands for."""
        return {role: _without(self._platform, called(role)) for role in sorted(roles)}

    @cached_property
    def all(self) -> tuple[Client, ...]:
        """Every client once for each database, the surest reason kept."""
        prefix = self._platform
        found: dict[tuple[str, str, str], Client] = {}
        for login, seen in self._of_login.items():
            for one in seen:
                client = self._client(one, login, prefix)
                key = (client.service, client.database, client.login)
                if key not in found or found[key].confidence < client.confidence:
                    found[key] = client
        connected = {(client.database, client.login) for client in found.values()}
        for (database, login), (count, calls) in self._ran().items():
            if (database, login) not in connected and login not in self.shared and not self.superuser(login):
                text = f'login "{login}" ran {count} statements {calls} times in database "{database}"'
                client = Client(_without(prefix, called(login)), database, login, "statements", STATEMENTS, text)
                found[client.service, database, login] = client
        return tuple(sorted(found.values()))

    def _ran(self) -> Mapping[tuple[str, str], tuple[int, int]]:
        """How many statements each login ran in each database, and how often, our own left out."""
        found: dict[tuple[str, str], tuple[int, int]] = {}
        for one in self._live.statements or ():
            if one.login != self._live.server.user:
                count, calls = found.get((one.database, one.login), (0, 0))
                found[one.database, one.login] = (count + 1, calls + one.calls)
        return dict(sorted(found.items()))

    def _client(self, one: Seen, login: str, prefix: str) -> Client:
        looks = f"{one.samples} of {self._live.samples} looks, {one.most} connections at most"
        where = f'login "{login}" in database "{one.database}", {looks}'
        if login not in self.shared:
            return Client(_without(prefix, called(login)), one.database, login, "login", OWN_LOGIN, where)
        if name := application(one.application):
            text = f'application "{one.application}" as shared {where}'
            return Client(name, one.database, login, "application", APPLICATION, text)
        if one.client:
            text = f"address {one.client} as shared {where}"
            return Client(f"client at {one.client}", one.database, login, "address", ADDRESS, text)
        return Client(f"users of {login}", one.database, login, "nothing", NOTHING, f"shared {where}")


def _without(prefix: str, name: str) -> str:
    return name[len(prefix) :] if prefix and name.startswith(prefix) and len(name) > len(prefix) else name


def _prefix(logins: Iterable[str]) -> str:
    """What most of several names begin with up to an underscore: the name of the platform."""
    found = sorted(set(logins))
    starts = Counter(name.partition("_")[0] for name in found if "_" in name.strip("_"))
    for start, count in sorted(starts.items(), key=lambda item: (-item[1], item[0])):
        return f"{start}_" if start and count > 1 and 2 * count > len(found) else ""
    return ""


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return ", ".join(f'"{name}"' for name in names[:5]) + more
