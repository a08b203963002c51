"""How each service reaches its database on a network: host, port, login, and the secret files with its password."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from freehold.apply.url import connection_url
from freehold.errors import FreeholdError
from freehold.export.model import Asked, Form, Host, Network, Pieces, SecretOf
from freehold.export.names import file, label, whole_line
from freehold.layouts.model import Placement
from freehold.plan.wanted import search_path, wanted
from freehold.pool.bouncers import ALL, Place, alias, bouncers
from freehold.pool.model import Bouncer
from freehold.spec.model import Platform
from freehold.sqltext import quote_ident

PORT = 5432
_PLAIN = re.compile(r"[a-z_][a-z0-9_]*")
POOL_PORT = 6432


@dataclass(frozen=True, slots=True)
class Way:
    """One login's way to its database. ``direct`` is the way past the pool; without a pool it is the same place."""

    service: str
    user: str
    host: Host
    database: str
    direct: Host
    direct_database: str
    schemas: tuple[str, ...]
    search_path: tuple[str, ...] = ()
    """That of the login; empty without schemas."""

    @property
    def pooled(self) -> bool:
        return (self.host, self.database) != (self.direct, self.direct_database)

    def url(self, *, direct: bool = False) -> str:
        """The way as a URL without a password, for which service it is, and its search_path."""
        host, database = (self.direct, self.direct_database) if direct else (self.host, self.database)
        return connection_url(
            host.host, host.port, database, self.user, "", {**dict(host.options), **self.session(direct=direct)}
        )

    def session(self, *, direct: bool = False) -> dict[str, str]:
        """libpq's parameters that tell the server who asks and for which schemas. A pool takes no ``options``: there
        the login's own search_path holds, which is the same."""
        path = self.search_path if direct or not self.pooled else ()
        names = (name if _PLAIN.fullmatch(name) else quote_ident(name) for name in path)
        shown = re.sub(r"([\\\s])", r"\\\1", ",".join(names))
        return {"application_name": self.service, **({"options": f"-c search_path={shown}"} if path else {})}

    @property
    def password_file(self) -> str:
        return file(self.user, "password")

    @property
    def pgpass_file(self) -> str:
        return file(self.service, "pgpass")

    def secrets(self) -> dict[str, Pieces]:
        """The file that holds the password alone."""
        return {self.password_file: (SecretOf(self.user),)}

    def pgpass(self) -> dict[str, Pieces]:
        """The password file of libpq for both ways. Raises FreeholdError for a name with a line break."""
        places = dict.fromkeys(((self.host, self.database), (self.direct, self.direct_database)))
        pieces: list[str | SecretOf] = []
        for host, database in places:
            fields = (host.host, str(host.port), database, self.user)
            pieces += ["".join(f"{_field(one)}:" for one in fields), SecretOf(self.user, Form.PGPASS), "\n"]
        return {self.pgpass_file: tuple(pieces)}


def ways(asked: Asked, purpose: str = "app") -> tuple[Way, ...]:
    """The way of each chosen service's login, by service. Raises FreeholdError where a port is not known."""
    found = []
    for service in asked.chosen:
        placement = asked.design.placements.of(service.name)
        direct = instance_host(asked, placement.instance)
        pool = pool_host(asked, service.name)
        found.append(
            Way(
                service=service.name,
                user=placement.roles.app if purpose == "app" else placement.roles.ro,
                host=pool or direct,
                database=_pooled_name(asked, placement) if pool else placement.database,
                direct=direct,
                direct_database=placement.database,
                schemas=placement.schemas,
                search_path=_search_path(asked, placement),
            )
        )
    return tuple(found)


def instance_host(asked: Asked, instance: str) -> Host:
    """Where an instance listens on the network. Raises FreeholdError when nobody has said."""
    match asked.network:
        case Network.HERE:
            if instance not in asked.hosts:
                raise FreeholdError(
                    f'nobody has said where instance "{instance}" listens',
                    hint="Start it with `freehold up`, declare its port, or name a network with --network.",
                )
            return asked.hosts[instance]
        case Network.COMPOSE:
            return Host(compose_host(instance), PORT)
        case Network.KUBERNETES:
            return Host(kubernetes_host(instance), PORT)
        case Network.CLOUDNATIVEPG:
            return Host(f"{kubernetes_host(instance)}-rw", PORT, (("sslmode", "require"),))


def compose_host(instance: str) -> str:
    return f"db-{label(instance)}"


def kubernetes_host(instance: str) -> str:
    return f"db-{label(instance)}"


def pool_name(bouncer: str) -> str:
    """The host name of a pool, in Compose and in Kubernetes."""
    return f"pool-{label(bouncer)}"


def pool_host(asked: Asked, service: str) -> Host | None:
    """Where the pool of a service listens; None when it declares none, or (here) none is known to run."""
    pooler = asked.platform.pooler
    if pooler is None or asked.platform.service(service).pool is None:
        return None
    name = ALL if pooler.sharing == ALL else service
    if asked.network is Network.HERE:
        return asked.pools.get(name)
    if asked.network is Network.CLOUDNATIVEPG:
        # the operator's pools stand before one cluster each, and serve its databases under their own names
        return Host(pool_name(service), PORT, (("sslmode", "require"),))
    return Host(pool_name(name), POOL_PORT)


def pools(asked: Asked) -> tuple[Bouncer, ...]:
    """The PgBouncers of the platform on the network, one process each."""
    instances = asked.design.placements.instances
    places = {}
    for one in instances:
        if asked.network is Network.HERE and one.name not in asked.hosts:
            continue
        host = instance_host(asked, one.name)
        ours = one.owned or asked.network is not Network.HERE
        places[one.name] = Place(host.host, host.port, dict(host.options).get("sslmode", "prefer"), ours)
    return tuple(replace(one, processes=1) for one in bouncers(_chosen(asked), asked.design.placements, places))


def by_service(found: tuple[Way, ...]) -> Mapping[str, Way]:
    return {way.service: way for way in found}


def _chosen(asked: Asked) -> Platform:
    return replace(asked.platform, services=asked.chosen)


def _search_path(asked: Asked, placement: Placement) -> tuple[str, ...]:
    if not placement.schemas:
        return ()
    return search_path(wanted(asked.design).databases[placement.instance, placement.database], placement)


def _pooled_name(asked: Asked, placement: Placement) -> str:
    if asked.network is Network.CLOUDNATIVEPG:
        return placement.database
    return alias(asked.platform.name, placement.service)


def _field(text: str) -> str:
    return whole_line(text, "libpq's password file").replace("\\", "\\\\").replace(":", "\\:")
