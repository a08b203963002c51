"""Read verifiers through the function that pools look logins up with.

Tried: as each login in each database that has the function, the verifier of Freehold's own login, of the platform's
backup login, and of logins of services that do not live there. The pools' own login may call it, and must be told
nothing of these; everybody else must be refused.

Why: a verifier is enough to try passwords against without asking the server, and, in a pool, to log in as that role.

Holds it off: nobody but the pools' login has EXECUTE, and the function shows only logins that may connect to the
database it is in, none of them a superuser or one that replicates.
"""

from __future__ import annotations

from collections.abc import Iterator

from freehold.prove.asking import Answer, Run
from freehold.prove.judge import broken, evidence, held, in_database, refused, unknown
from freehold.prove.model import Attack, Conversation, Login, Piece, Scene, Tell
from freehold.prove.pieces import everywhere
from freehold.prove.scene import contents, passing_at
from freehold.sqltext import ident, keyword, literal, sql

_CODE = "pool_lookup"
_MOST = 20
"""Names tried in one database: one of each kind is enough to see that a kind is open."""


def _split(scene: Scene) -> Iterator[Piece]:
    for piece in everywhere(scene):
        asks = piece.actor is not None and piece.actor.purpose != "backup"
        if asks and contents(scene.found, piece.instance, piece.database).pool_lookup is not None:
            yield piece


def _play(scene: Scene, piece: Piece, tell: Tell) -> Conversation:
    login = piece.actor
    assert login is not None
    here = {role for p in scene.placements.within(piece.instance, piece.database) for role in (p.roles.app, p.roles.ro)}
    here |= passing_at(scene, piece.instance, piece.database)
    others = sorted({other.role for other in scene.logins if other.purpose in ("app", "ro")} - here)
    names = (scene.found.servers[piece.instance].user, scene.placements.roles.backup, *others)[:_MOST]
    asks = tuple(sql("SELECT name FROM freehold.pool_login({})", literal(name)) for name in names)
    for name, answer in zip(names, (yield Run(piece.instance, piece.database, login.role, asks)), strict=True):
        _judge(login, piece, name, answer, tell)


def _judge(login: Login, piece: Piece, name: str, answer: Answer, tell: Tell) -> None:
    shown = f"function freehold.pool_login in database {ident(piece.database)}"
    proof = (evidence(login, piece.instance, piece.database, keyword("freehold.pool_login"), answer),)
    if refused(answer) or (answer.ok and not answer.rows and login.purpose == "pool"):
        tell(held(login))
    elif not answer.ok:
        tell(unknown(_CODE, login, "", shown, answer))
    elif answer.rows:
        remedy = in_database(piece.database, "DROP FUNCTION freehold.pool_login(text); -- then freehold apply")
        title = f'role "{login.role}" can read the verifier of "{name}"'
        detail = "The function shows a login that has nothing to do in this database."
        tell(broken(_CODE, login, "", shown, title, detail, evidence=proof, remedy=remedy, group=shown))
    else:
        remedy = in_database(
            piece.database,
            f"REVOKE ALL ON FUNCTION freehold.pool_login(text) FROM PUBLIC, {ident(login.role)};\n"
            f"REVOKE USAGE ON SCHEMA freehold FROM PUBLIC, {ident(login.role)};",
        )
        title = f'role "{login.role}" may call the function that shows verifiers'
        detail = "Somebody was given EXECUTE on it and USAGE of its schema."
        group = f"{shown}:{login.role}"
        tell(broken(_CODE, login, "", shown, title, detail, evidence=proof, remedy=remedy, group=group))


pool_lookup = Attack("I24", "read verifiers through the pools' lookup", _split, _play)
