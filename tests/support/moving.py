"""Two databases between which a service moves, its roles, and the world of a move."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from freehold.layouts.model import ServiceRoles
from freehold.local.clock import SystemClock
from freehold.move.model import Move, Side
from freehold.move.run.world import World
from freehold.pg.dump import PgDumps
from freehold.ports import Address
from freehold.sqltext import ident, raw, sql
from support.clusters import TidyServers
from support.nasty import EXTENSIONS, ODD, SCHEMAS, made

OLD = ServiceRoles("central_owner", "central'app", "central_ro")
NEW = ServiceRoles('sh"op owner', "shop_app", "shop_ro")
READER = 'rea"der'

Clusters = Callable[[int], tuple[Address, TidyServers]]


class Quiet:
    """Progress that nobody watches, and secrets that nobody has."""

    def event(self, what: str, done: int, total: int) -> None:
        """Says nothing."""

    def password(self, role: str) -> str:
        return "x"

    def verifier(self, role: str) -> str:
        return "x"

    def known(self) -> Mapping[str, str]:
        return {}

    def ephemeral(self, minutes: int) -> tuple[str, str]:
        return "x", "x"


@dataclass(frozen=True)
class Scene:
    """A move and the world it takes place in."""

    world: World
    move: Move
    servers: TidyServers
    majors: Mapping[str, int]


def scene(clusters: Clusters, source: int, target: int, *, nasty: bool = True) -> Scene:
    """Database "old" of one version with the service in it, database "new" of another as a plan leaves it."""
    places = {
        "a": replace(clusters(source)[0], instance="a"),
        "b": replace(clusters(target)[0], instance="b"),
    }
    servers = TidyServers(places)
    for instance in {source: "a", target: "b"}.values():
        session = servers.admin(instance)
        for role in (*_names(OLD), *_names(NEW), READER):
            session.execute(sql("CREATE ROLE {}", ident(role)))
    for instance, database, roles in (("a", "o'ld", OLD), ("b", 'n"ew', NEW)):
        ready(servers, instance, database, roles)
    if nasty:
        servers.admin("a", "o'ld").execute(raw(made(OLD.owner, OLD.app, OLD.ro, READER)))
    move = Move(
        id="0a1b2c3d",
        platform="p",
        service="shop",
        layout="database-per-service",
        source=Side("a", "o'ld"),
        target=Side("b", 'n"ew'),
        schemas=tuple(sorted(SCHEMAS)),
        source_roles=OLD,
        target_roles=NEW,
    )
    quiet = Quiet()
    majors = {"a": source, "b": target}
    return Scene(World(servers, quiet, SystemClock(), PgDumps(places, majors)), move, servers, majors)


def ready(servers: TidyServers, instance: str, database: str, roles: ServiceRoles) -> None:
    """A database with the service's schemas, still empty."""
    servers.admin(instance).execute(sql("CREATE DATABASE {} TEMPLATE template0", ident(database)))
    inside = servers.admin(instance, database)
    inside.execute(raw(EXTENSIONS))
    for schema in SCHEMAS:
        inside.execute(sql("CREATE SCHEMA {} AUTHORIZATION {}", ident(schema), ident(roles.owner)))
        inside.execute(sql("GRANT USAGE ON SCHEMA {} TO {}", ident(schema), ident(roles.app)))
    inside.execute(
        sql(
            "CREATE SCHEMA freehold; ALTER DEFAULT PRIVILEGES FOR ROLE {} GRANT SELECT ON TABLES TO {}",
            ident(roles.owner),
            ident(roles.app),
        )
    )


def _names(roles: ServiceRoles) -> tuple[str, str, str]:
    return roles.owner, roles.app, roles.ro


__all__ = ["NEW", "ODD", "OLD", "READER", "Clusters", "Quiet", "Scene", "ready", "scene"]
