"""Come in as a login role that the declaration does not know.

Tried: its password is not known, so it is judged by the catalogs: whether a login role that nobody declared may
connect to a database of the platform, is a member of one of its roles, or has an attribute above all grants.

Why: last year's contractor, the role from the tutorial, the leftover deploy login: nobody rotates their passwords.

Holds it off: CONNECT only for declared roles. A superuser cannot be held off, and the login under which a move follows
a service needs REPLICATION as long as the move lasts; both are listed as limits.
"""

from __future__ import annotations

from collections.abc import Iterator

from freehold.finding import Evidence
from freehold.found.model import Role, Server
from freehold.prove.claims import declared_roles
from freehold.prove.judge import broken, held, limit
from freehold.prove.model import Attack, Conversation, Piece, Result, Scene, Tell
from freehold.prove.why import Ground, of_acl, of_membership, reached, told
from freehold.sqltext import ident, sql

_CODE = "undeclared_logins"


def _split(scene: Scene) -> Iterator[Piece]:
    return (Piece(None, instance, "") for instance in sorted(scene.found.servers))


def _play(scene: Scene, piece: Piece, tell: Tell) -> Conversation:
    server = scene.found.servers[piece.instance]
    declared = declared_roles(scene)
    for name, role in sorted(server.roles.items()):
        if name in declared or not role.login:
            continue
        if role.superuser:
            if name != server.user:
                tell(
                    limit(
                        _CODE,
                        None,
                        "",
                        f"role {ident(name)}",
                        f'superuser "{name}" can read and change everything',
                        f'Nothing inside instance "{piece.instance}" holds a superuser off.',
                        (),
                        remedy=f"ALTER ROLE {ident(name)} NOLOGIN; -- unless a person or a program needs it",
                    )
                )
            continue
        if name == server.user:
            continue
        if any((instance, login) == (piece.instance, name) for instance, _, login in scene.passing):
            tell(_follows(piece, name) if role.replication else held(None))
            continue
        grounds = tuple(_grounds(scene, piece, server, role, declared))
        if not grounds:
            tell(held(None))
            continue
        detail, remedy, _ = told(grounds)
        tell(
            broken(
                _CODE,
                None,
                "",
                f"role {ident(name)}",
                f'login role "{name}" is not declared and can get in',
                detail,
                evidence=(Evidence(f'pg_roles: "{name}" can log in on instance "{piece.instance}"'),),
                remedy=remedy,
            )
        )
    return
    yield  # a conversation that asks nothing


def _follows(piece: Piece, name: str) -> Result:
    return limit(
        _CODE,
        None,
        "",
        f"role {ident(name)}",
        f'role "{name}", under which a move follows a service, could read every database of its instance',
        "A subscription needs REPLICATION, and whoever has that may also copy the whole instance. Nobody knows its "
        "password: it stands in pg_subscription of the other side, which only a superuser can read.",
        (),
        evidence=(Evidence(f'pg_roles: "{name}" has REPLICATION on instance "{piece.instance}"'),),
        remedy="freehold move complete",
    )


def _grounds(
    scene: Scene, piece: Piece, server: Server, role: Role, declared: dict[str, tuple[str, str]]
) -> Iterator[Ground]:
    for instance, name in scene.placements.databases():
        database = server.databases.get(name)
        if instance == piece.instance and database is not None:
            on = sql("DATABASE {}", ident(name))
            yield from of_acl(server, role.name, database.owner, database.acl, ("CONNECT",), on, f"{instance}/{name}")
    for wanted in sorted(reached(server, role.name)):
        if wanted in declared:
            yield from of_membership(server, role.name, wanted)
    for attribute in ("createrole", "replication"):
        if getattr(role, attribute):
            word = attribute.upper()
            yield Ground(f'role "{role.name}" is {word}', f"ALTER ROLE {ident(role.name)} NO{word};", word)


undeclared_logins = Attack("I19", "come in as a login that nobody declared", _split, _play)
