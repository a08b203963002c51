"""Where each login is set to attack: in its own database, wherever it is let in, beside others; pure."""

from __future__ import annotations

from collections.abc import Iterator

from freehold.found.model import Server
from freehold.prove.model import Canary, Login, Piece, Scene
from freehold.prove.scene import placement_of


def rooms(scene: Scene, login: Login) -> tuple[str, ...]:
    """The databases of its own instance that let this login in, its home first."""
    inside = {
        database
        for (instance, database, role), answer in scene.doors.items()
        if role == login.role and instance == login.instance and answer.ok
    }
    return (*((login.database,) if login.database in inside else ()), *sorted(inside - {login.database}))


def at_home(scene: Scene, purposes: tuple[str, ...] = ()) -> Iterator[Piece]:
    """One piece for each login that can get into its own database."""
    for login in scene.logins:
        if (not purposes or login.purpose in purposes) and login.database in rooms(scene, login):
            yield Piece(login, login.instance, login.database)


def everywhere(scene: Scene) -> Iterator[Piece]:
    """One piece for each login and each database that lets it in."""
    for login in scene.logins:
        for database in rooms(scene, login):
            yield Piece(login, login.instance, database)


def crowds(scene: Scene, same_database: bool) -> Iterator[Piece]:
    """One piece for each database, or each instance, where app logins of several services meet; ``part`` are they.

    Each has one connection of its own in it, on which it is attacker and victim of all the others."""
    places: dict[tuple[str, str], list[Login]] = {}
    for piece in at_home(scene, ("app",)):
        login = piece.actor
        if login is not None and login.service:
            places.setdefault((login.instance, login.database if same_database else ""), []).append(login)
    for (instance, database), crowd in sorted(places.items()):
        if len(crowd) > 1:
            yield Piece(None, instance, database, tuple(crowd), alone=True)


def crowd_of(piece: Piece) -> tuple[Login, ...]:
    """The logins that take part in a piece of ``crowds``."""
    assert isinstance(piece.part, tuple)
    return tuple(login for login in piece.part if isinstance(login, Login))


def in_same_database(scene: Scene, login: Login) -> tuple[Canary, ...]:
    """The canaries of other services in the login's own database, by service."""
    mine = {p.service for p in placement_of(scene, login)}
    return tuple(
        canary
        for service, canary in sorted(scene.canaries.items())
        if (canary.instance, canary.database) == (login.instance, login.database) and service not in mine
    )


def together(scene: Scene) -> Iterator[Piece]:
    """One piece for each service's app login that shares its database with another service."""
    for piece in at_home(scene, ("app",)):
        if piece.actor and piece.actor.service and in_same_database(scene, piece.actor):
            yield piece


def databases(scene: Scene) -> Iterator[tuple[str, Server, str]]:
    """(instance, server, database) of every database that accepts connections, on every instance."""
    for instance, server in sorted(scene.found.servers.items()):
        for name, database in sorted(server.databases.items()):
            if database.allow_connections:
                yield instance, server, name
