"""Be found first: a schema in a service's search_path that is not its own.

Tried: as each service's login, the search_path its sessions really get, and whether anybody but the service may
create objects in one of its schemas.

Why: an unqualified name finds whatever stands first; a schema that others write into is a trap.

Holds it off: search_path set for each role in its database: its own schemas, its declared extensions, pg_temp last.
"""

from __future__ import annotations

from collections.abc import Iterator

from freehold.prove.asking import Run
from freehold.prove.judge import broken, evidence, held, unknown
from freehold.prove.model import Attack, Conversation, Piece, Scene, Tell
from freehold.prove.pieces import at_home
from freehold.prove.scene import contents, path_names, placement_of
from freehold.sqltext import ident, keyword

_CODE = "search_path"
_RAW = keyword("SHOW search_path")


def _split(scene: Scene) -> Iterator[Piece]:
    for piece in at_home(scene, ("app", "ro")):
        if piece.actor and all(p.schemas for p in placement_of(scene, piece.actor)):
            yield piece


def _play(scene: Scene, piece: Piece, tell: Tell) -> Conversation:
    login = piece.actor
    assert login is not None
    raw = (yield Run(piece.instance, piece.database, login.role, (_RAW,)))[0]
    shown = f"search_path of role {ident(login.role)}"
    if not raw.ok or not raw.rows:
        tell(unknown(_CODE, login, login.service, shown, raw))
        return
    mine = [schema for p in placement_of(scene, login) if p.database == piece.database for schema in p.schemas]
    inside = contents(scene.found, piece.instance, piece.database)
    holders = {o.schema for o in inside.objects if o.extension} | {"extensions", "freehold_extensions"}
    allowed = {*mine, *(holders - {"public"}), "pg_catalog", "pg_temp"}
    path = path_names(raw.rows[0][0] or "")
    wrong = [name for name in path if name not in allowed]
    if not wrong and path[-1:] == ("pg_temp",):
        tell(held(login, login.service))
        return
    why = f"It looks in {', '.join(str(ident(n)) for n in wrong)}." if wrong else "It does not end in pg_temp."
    better = ", ".join(str(ident(schema)) for schema in (*mine, "pg_temp"))
    tell(
        broken(
            _CODE,
            login,
            login.service,
            shown,
            f'sessions of role "{login.role}" look for names outside their service',
            why,
            evidence=(evidence(login, piece.instance, piece.database, _RAW, raw),),
            remedy=f"ALTER ROLE {ident(login.role)} IN DATABASE {ident(piece.database)} SET search_path = {better};",
        )
    )


search_path = Attack("I18", "be found first through search_path", _split, _play)
