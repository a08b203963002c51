"""List the names of all databases and roles of the instance.

Tried: as each service's app login, pg_database and pg_roles; the names of the platform's other services are looked for.

Why: names tell who the customers, partners and products are.

Holds it off: nothing inside one instance, PostgreSQL needs these catalogs readable. ``instance-per-service`` does.
"""

from __future__ import annotations

from collections.abc import Iterator

from freehold.prove.asking import Run
from freehold.prove.judge import evidence, held, limit, unknown
from freehold.prove.model import Attack, Conversation, Piece, Scene, Tell
from freehold.prove.pieces import at_home
from freehold.sqltext import keyword

_CODE = "list_databases_and_roles"
_PREVENTED_BY = ("instance-per-service",)
_STATEMENT = keyword("SELECT rolname FROM pg_catalog.pg_roles UNION ALL SELECT datname FROM pg_catalog.pg_database")


def _split(scene: Scene) -> Iterator[Piece]:
    return at_home(scene, ("app",))


def _play(scene: Scene, piece: Piece, tell: Tell) -> Conversation:
    login = piece.actor
    assert login is not None
    answer = (yield Run(piece.instance, piece.database, login.role, (_STATEMENT,)))[0]
    if not answer.ok:
        tell(unknown(_CODE, login, "", f"instance {piece.instance}", answer))
        return
    names = {row[0] for row in answer.rows}
    others = {p.roles.owner for p in scene.placements.services if p.service != login.service} & names
    if not others or not login.service:
        tell(held(login))
        return
    tell(
        limit(
            _CODE,
            login,
            "",
            f"instance {piece.instance}",
            "the names of all roles and databases of the instance are visible to every login",
            f"{len(others)} other services could be named.",
            _PREVENTED_BY,
            evidence=(
                evidence(
                    login,
                    piece.instance,
                    piece.database,
                    _STATEMENT,
                    type(answer)(rows=tuple((n,) for n in sorted(others)[:3])),
                ),
            ),
        )
    )


list_databases_and_roles = Attack("I3", "list databases and roles", _split, _play, _PREVENTED_BY)
