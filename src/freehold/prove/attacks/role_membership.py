"""Become another role, by SET ROLE or by inheriting its rights.

Tried: as each login, SET ROLE to every role of the instance; and the memberships of every declared role are followed
to any depth, whatever their INHERIT, SET and ADMIN options, because each option can be the one that opens the door
(ADMIN lets a role give itself the others).

Why: one membership gives everything at once and shows in no list of grants on tables.

Holds it off: no declared role belongs to another, but the monitor and backup logins to PostgreSQL's roles for them.
"""

from __future__ import annotations

from collections.abc import Iterator

from freehold.finding import Evidence
from freehold.prove.asking import Answer, Batch, Volley
from freehold.prove.claims import allowed_memberships, declared_roles
from freehold.prove.judge import broken, evidence, held, unknown, verdict
from freehold.prove.model import Attack, Conversation, Login, Piece, Scene, Tell, Verdict
from freehold.prove.pieces import at_home
from freehold.prove.why import chain, leave, of_membership, reached, told
from freehold.sqltext import ident, sql

_CODE = "role_membership"


def _split(scene: Scene) -> Iterator[Piece]:
    for instance in sorted(scene.found.servers):
        yield Piece(None, instance, "")
    batches: dict[str, tuple[tuple[str, ...], tuple[Batch, ...]]] = {}
    for piece in at_home(scene):
        if piece.instance not in batches:
            names = tuple(sorted(scene.found.servers[piece.instance].roles))
            statements = [sql("SET ROLE {}", ident(name)) for name in names]
            some = tuple(Batch.of(statements[at : at + 100]) for at in range(0, len(statements), 100))
            batches[piece.instance] = (names, some)
        yield Piece(piece.actor, piece.instance, piece.database, batches[piece.instance])


def _play(scene: Scene, piece: Piece, tell: Tell) -> Conversation:
    if piece.actor is None:
        _memberships(scene, piece, tell)
        return
    login = piece.actor
    assert isinstance(piece.part, tuple)
    names, batches = piece.part
    declared = declared_roles(scene)
    answers = yield Volley(piece.instance, piece.database, login.role, batches)
    for name, answer in zip(names, answers, strict=True):
        if name == login.role:
            continue
        target = declared.get(name, ("", ""))[0]
        match verdict(answer, closed=frozenset({"22023"})):
            case Verdict.HELD:
                tell(held(login, target))
            case Verdict.BROKEN:
                _became(scene, piece, login, name, target, tell)
            case _:
                tell(unknown(_CODE, login, target, f"role {ident(name)}", answer))


def _became(scene: Scene, piece: Piece, login: Login, name: str, target: str, tell: Tell) -> None:
    server = scene.found.servers[piece.instance]
    superuser = server.roles[login.role].superuser
    detail, remedy, group = told(of_membership(server, login.role, name))
    if superuser:
        detail, remedy = f'Because role "{login.role}" is a superuser.', f"ALTER ROLE {ident(login.role)} NOSUPERUSER;"
        group = f"superuser:{login.role}"
    statement = sql("SET ROLE {}", ident(name))
    tell(
        broken(
            _CODE,
            login,
            target,
            f"role {ident(name)}",
            f'role "{login.role}" can become role "{name}"',
            detail,
            evidence=(evidence(login, piece.instance, piece.database, statement, Answer()),),
            remedy=remedy,
            group=group,
        )
    )


def _memberships(scene: Scene, piece: Piece, tell: Tell) -> None:
    server = scene.found.servers[piece.instance]
    declared = declared_roles(scene)
    for member, (service, purpose) in sorted(declared.items()):
        if member not in server.roles:
            continue
        extra = sorted(reached(server, member) - allowed_memberships(purpose))
        if not extra:
            tell(held(None, service))
        for name in extra:
            trail = chain(server, member, name)
            path = " -> ".join(f'"{n}"' for n in (member, *(edge.role for edge in trail)))
            options = "; ".join(
                f'"{e.member}" in "{e.role}" (admin {e.admin}, inherit {e.inherit}, set {e.set})' for e in trail
            )
            target = declared.get(name, ("", ""))[0]
            tell(
                broken(
                    _CODE,
                    None,
                    target,
                    f"role {ident(name)}",
                    f'role "{member}" belongs to role "{name}"',
                    f"Nobody declared the membership {path}.",
                    evidence=(Evidence(options),),
                    remedy=leave(server, trail[0]),
                    group=f"{trail[0].role}:{member}",
                )
            )


role_membership = Attack("I19", "become another role", _split, _play)
