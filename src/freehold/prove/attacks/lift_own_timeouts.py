"""Lift one's own limits in a session: statement_timeout, work_mem, temp_file_limit.

Tried: as each login, SET of each; rolled back.

Why: a service that lifts its timeout can hold locks and memory that all services on the instance share.

Holds it off: temp_file_limit is refused. The others every role may set; no layout prevents it, but
``instance-per-service`` keeps the damage to one service. A pool with query_timeout enforces it from outside.
"""

from __future__ import annotations

from freehold.prove.asking import Run
from freehold.prove.hostile import by_role
from freehold.prove.judge import broken, evidence, held, limit, refused, unknown
from freehold.prove.model import Attack, Conversation, Piece, Scene, Tell
from freehold.prove.pieces import at_home
from freehold.prove.why import Ground, told
from freehold.sqltext import ident, keyword

_CODE = "lift_own_timeouts"
_FREE = keyword("SET LOCAL statement_timeout = 0; SET LOCAL work_mem = '8GB'")
_BOUND = keyword("SET LOCAL temp_file_limit = -1")


def _play(scene: Scene, piece: Piece, tell: Tell) -> Conversation:
    login = piece.actor
    assert login is not None
    free, bound = yield Run(piece.instance, piece.database, login.role, (_FREE, _BOUND))
    shown = f"role {ident(login.role)}"
    if free.ok:
        tell(
            limit(
                _CODE,
                login,
                "",
                "every login role",
                "a login can lift its own timeouts and memory limits",
                "PostgreSQL has no privilege to forbid it.",
                (),
                evidence=(evidence(login, piece.instance, piece.database, _FREE, free),),
                remedy="Enforce a query_timeout in the connection pool.",
            )
        )
    elif refused(free):
        tell(held(login))
    else:
        tell(unknown(_CODE, login, "", shown, free))
    if refused(bound):
        tell(held(login))
    elif bound.ok:
        grounds = by_role(scene.found.servers[piece.instance], login.role) or (
            Ground(
                "SET on parameter temp_file_limit is granted",
                f"REVOKE SET ON PARAMETER temp_file_limit FROM PUBLIC, {ident(login.role)};",
                "parameter",
            ),
        )
        detail, remedy, group = told(grounds)
        tell(
            broken(
                _CODE,
                login,
                login.service,
                shown,
                f'role "{login.role}" can lift its temp_file_limit',
                detail,
                evidence=(evidence(login, piece.instance, piece.database, _BOUND, bound),),
                remedy=remedy,
                group=group,
            )
        )
    else:
        tell(unknown(_CODE, login, "", shown, bound))


lift_own_timeouts = Attack("I12", "lift one's own limits", at_home, _play)
