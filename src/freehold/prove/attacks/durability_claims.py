"""What a ledger service claims: a commit that was acknowledged survives a crash.

Tried: as each login of a service with the profile ``ledger``, the settings its sessions really get: fsync,
full_page_writes, synchronous_commit, data_checksums; and those of the server behind them.

Why: one ALTER ROLE .. SET synchronous_commit = off turns a ledger into a cache, and no query ever shows it.

Holds it: the settings of the profile; `freehold apply` writes them.
"""

from __future__ import annotations

from collections.abc import Iterator

from freehold.prove.asking import Run
from freehold.prove.judge import broken, evidence, held, unknown
from freehold.prove.model import Attack, Conversation, Login, Piece, Scene, Tell
from freehold.prove.pieces import at_home
from freehold.prove.scene import placement_of
from freehold.spec.model import Profile
from freehold.sqltext import ident, keyword

_CODE = "durability_claims"
_WANTED = {
    "data_checksums": ("on",),
    "fsync": ("on",),
    "full_page_writes": ("on",),
    "synchronous_commit": ("on", "remote_apply", "remote_write"),
}
_STATEMENT = keyword(
    "SELECT name, setting, source FROM pg_catalog.pg_settings WHERE name IN"
    " ('data_checksums', 'fsync', 'full_page_writes', 'synchronous_commit') ORDER BY name"
)


def _split(scene: Scene) -> Iterator[Piece]:
    for piece in at_home(scene, ("app",)):
        assert piece.actor is not None
        for placement in placement_of(scene, piece.actor):
            if scene.platform.service(placement.service).profile is Profile.LEDGER:
                yield Piece(piece.actor, piece.instance, placement.database, placement.service)


def _play(scene: Scene, piece: Piece, tell: Tell) -> Conversation:
    login, service = piece.actor, str(piece.part)
    assert login is not None
    answer = (yield Run(piece.instance, piece.database, login.role, (_STATEMENT,)))[0]
    if not answer.ok:
        tell(unknown(_CODE, login, service, "pg_settings", answer))
        return
    for name, value, source in answer.rows:
        if name is None or value in _WANTED[name]:
            tell(held(login, service))
            continue
        tell(
            broken(
                _CODE,
                login,
                service,
                f"setting {name}",
                f'{name} is {value} for service "{service}", which claims a durable ledger',
                f"It is set by: {source}.",
                evidence=(evidence(login, piece.instance, piece.database, _STATEMENT, answer),),
                remedy=_remedy(scene, login, piece, name, source or ""),
                group=f"{name}:{piece.instance}",
            )
        )


def _remedy(scene: Scene, login: Login, piece: Piece, name: str, source: str) -> str:
    if name == "data_checksums":
        return "pg_checksums --enable, with the instance stopped"
    role, database = ident(login.role), ident(piece.database)
    match source:
        case "user":
            return f"ALTER ROLE {role} RESET {name};"
        case "database":
            return f"ALTER DATABASE {database} RESET {name};"
        case "database user":
            return f"ALTER ROLE {role} IN DATABASE {database} RESET {name};"
        case _:
            return f"ALTER SYSTEM SET {name} = 'on';\nSELECT pg_catalog.pg_reload_conf();"


durability_claims = Attack("", "the durability a ledger service claims", _split, _play)
