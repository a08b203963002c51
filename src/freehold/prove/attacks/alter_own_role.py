"""Change one's own role: its settings, its password, its limits.

Tried: as each login, ALTER ROLE of itself: search_path, statement_timeout, password and CONNECTION LIMIT; rolled back.

Why: a stolen login can set traps for the service's next connection, or lock it out with a new password.

Holds it off: PostgreSQL lets every role change its own settings and password; no layout prevents it. CONNECTION LIMIT
is refused. `freehold plan` shows such changes as drift, and `freehold apply` takes them back.
"""

from __future__ import annotations

from freehold.prove.asking import Run
from freehold.prove.hostile import by_attribute
from freehold.prove.judge import broken, evidence, held, limit, refused, unknown
from freehold.prove.model import Attack, Conversation, Piece, Scene, Tell
from freehold.prove.pieces import at_home
from freehold.prove.why import told
from freehold.sqltext import ident, sql

_CODE = "alter_own_role"


def _play(scene: Scene, piece: Piece, tell: Tell) -> Conversation:
    login = piece.actor
    assert login is not None
    me = ident(login.role)
    own = sql("ALTER ROLE {} SET statement_timeout = 0", me)
    more = sql("ALTER ROLE {} CONNECTION LIMIT 1000", me)
    settings, limits = yield Run(piece.instance, piece.database, login.role, (own, more))
    shown = f"role {me}"
    if settings.ok:
        tell(
            limit(
                _CODE,
                login,
                "",
                "every login role",
                "a login can change its own settings and its own password",
                "PostgreSQL has no privilege to forbid it.",
                (),
                evidence=(evidence(login, piece.instance, piece.database, own, settings),),
                remedy="freehold plan",
            )
        )
    elif refused(settings):
        tell(held(login))
    else:
        tell(unknown(_CODE, login, "", shown, settings))
    if refused(limits):
        tell(held(login))
    elif limits.ok:
        detail, remedy, group = told(by_attribute(scene.found.servers[piece.instance], login.role, "createrole"))
        tell(
            broken(
                _CODE,
                login,
                login.service,
                shown,
                f'role "{login.role}" can lift its own connection limit',
                detail,
                evidence=(evidence(login, piece.instance, piece.database, more, limits),),
                remedy=remedy,
                group=group,
            )
        )
    else:
        tell(unknown(_CODE, login, "", shown, limits))


alter_own_role = Attack("I11", "change one's own role", at_home, _play)
