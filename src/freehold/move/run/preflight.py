"""Asks both servers what preflight judges. Changes nothing and takes no lock beyond the catalogs'."""

from __future__ import annotations

from dataclasses import replace

from freehold.layouts.model import ServiceRoles
from freehold.move import newer, texts
from freehold.move.facts import Facts, SideFacts, question, side_facts
from freehold.move.model import Move, Side
from freehold.move.newer import Newer
from freehold.move.run.look import look
from freehold.move.run.world import World

__all__ = ["gather"]

_EVERYWHERE = "plpgsql"


def gather(world: World, move: Move, instead: str = "") -> Facts:
    """What both servers say. The caller adds what only the declaration and this machine know.

    ``instead`` is a database of the target's instance that is asked where the target's own is not there yet."""
    place = Side(move.target.instance, instead or move.target.database)
    source, target = (
        _ask(world, move, side, roles) for side, roles in ((move.source, move.source_roles), (place, move.target_roles))
    )
    with world.admin(move.source) as session:
        routines, near = texts.texts(str(session.query(texts.question(move.schemas))[0][0]))
    if instead:
        # a new database has from its template what every server has, and nothing of the one that was asked
        fresh = {name: said for name, said in target.extensions.items() if name == _EVERYWHERE}
        everywhere = {key: said for key, said in target.given_settings.items() if not key[1]}
        target = replace(
            target,
            extensions=fresh,
            event_triggers=(),
            publications=(),
            given_settings=everywhere,
            comment="",
            foreign_servers=(),
            access=frozenset(),
        )
    return Facts(
        move=move,
        target_there=not instead,
        inventory=look(world, move, move.source),
        texts=routines,
        near=near,
        source=source,
        target=target,
        newer=_newer(world, move, target.version) if target.version < source.version else (),
    )


def _newer(world: World, move: Move, version: int) -> tuple[Newer, ...]:
    with world.admin(move.source) as session:
        ((answer,),) = session.query(newer.question(move.schemas))
    return newer.newer(str(answer), version)


def _ask(world: World, move: Move, side: Side, roles: ServiceRoles) -> SideFacts:
    with world.admin(side) as session:
        ((answer,),) = session.query(question(move.schemas, (roles.owner, roles.app, roles.ro)))
    return side_facts(side, str(answer))
