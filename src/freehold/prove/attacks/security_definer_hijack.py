"""Take over a SECURITY DEFINER function through its search_path.

Tried: for each SECURITY DEFINER routine whose search_path does not end in pg_temp, each login that could call it
really tries to create the temporary table that would be found first.

Why: with `SET search_path = s` a temporary table is still searched before s; the function then works on the
attacker's table with its owner's rights.

Holds it off: a search_path that ends in pg_temp, and no TEMPORARY on the database.
"""

from __future__ import annotations

from collections.abc import Iterator

from freehold.prove.judge import WHERE, broken, evidence, held, unknown, verdict
from freehold.prove.model import Attack, Conversation, Piece, Run, Scene, Tell, Verdict
from freehold.prove.scene import Thing, everywhere, things
from freehold.prove.why import object_words
from freehold.sqltext import ident, keyword

_CODE = "security_definer_hijack"
_TEMP = keyword("CREATE TEMPORARY TABLE freehold_proof_intruder ()")


def pinned(config: tuple[str, ...]) -> bool:
    """Whether a routine's settings pin a search_path that ends in pg_temp."""
    for setting in config:
        name, _, value = setting.partition("=")
        if name == "search_path":
            return value.split(",")[-1].strip().strip('"') == "pg_temp"
    return False


def _weak(scene: Scene, instance: str, database: str) -> tuple[Thing, ...]:
    return tuple(
        thing
        for thing in things(scene, instance, database)
        if thing.object.security_definer and not thing.token and not pinned(thing.object.config)
    )


def _split(scene: Scene) -> Iterator[Piece]:
    for piece in everywhere(scene):
        yield Piece(piece.actor, piece.instance, piece.database, _weak(scene, piece.instance, piece.database))


def _play(scene: Scene, piece: Piece, tell: Tell) -> Conversation:
    login, weak = piece.actor, piece.part
    assert login is not None
    assert isinstance(weak, tuple)
    if not weak:
        tell(held(login))
        return
    foreign = not any(p.schemas for p in scene.placements.within(piece.instance, piece.database))
    answer = (yield Run(piece.instance, piece.database, login.role, (_TEMP,)))[0]
    for thing in weak:
        assert isinstance(thing, Thing)
        match verdict(answer):
            case Verdict.HELD:
                tell(held(login, thing.service))
            case Verdict.BROKEN if foreign:
                tell(held(login, thing.service))
            case Verdict.BROKEN:
                path = f"pg_catalog, {ident(thing.object.schema)}, pg_temp"
                tell(
                    broken(
                        _CODE,
                        login,
                        thing.service,
                        thing.shown,
                        f'role "{login.role}" can put a temporary table before what {thing.shown} means',
                        "It is SECURITY DEFINER, its search_path does not end in pg_temp, and the role has TEMPORARY.",
                        evidence=(evidence(login, piece.instance, piece.database, _TEMP, answer),),
                        remedy=f"{WHERE}{ident(piece.database)}\n"
                        f"ALTER {object_words(thing.object)} SET search_path = {path};\n"
                        f"REVOKE TEMPORARY ON DATABASE {ident(piece.database)} FROM PUBLIC, {ident(login.role)};",
                    )
                )
            case _:
                tell(unknown(_CODE, login, thing.service, thing.shown, answer))


security_definer_hijack = Attack("I21", "take over a SECURITY DEFINER function", _split, _play)
