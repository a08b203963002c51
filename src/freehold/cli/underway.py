"""What plans leave alone, and whom they let in, while services are on the move."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import closing, suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from freehold.cli.context import Context
from freehold.cli.made import Made
from freehold.cli.watching import BRIEFLY_S
from freehold.errors import ServerError
from freehold.layouts.model import Placement
from freehold.local.movesfile import Known
from freehold.move.machine import ENDED
from freehold.move.model import SOURCE, TARGET, Move, Side, other
from freehold.move.names import stream
from freehold.move.state import MADE_DATABASE, MADE_LINKS
from freehold.prove.model import SecondHome
from freehold.spec.names import deploy_role, service_logins

if TYPE_CHECKING:
    from freehold.move.state import Standing
    from freehold.pg.servers import PgServers


def open_moves(context: Context) -> tuple[Known, ...]:
    """The moves that have not ended, as this machine knows them and as the databases tell that answer."""
    from freehold.move.run.healing import rows

    local = context.moves.read()
    sides: dict[str, list[Standing]] = {}
    for place in context.placements.databases():
        with suppress(ServerError), closing(context.servers.admin(*place)) as session:
            for one in rows(session):
                if one.move.platform == context.platform.name:
                    sides.setdefault(one.move.id, []).append(one)
    known = {one.move.id for one in local}
    told = [known_as(some) for id_, some in sides.items() if id_ not in known]
    return tuple(one for one in (*local, *told) if not one.ended)


def ask_homes(context: Context) -> None:
    """Write down which home serves each service on the move, as the databases say: who ended a switch may have died
    before it could. A home that does not answer leaves what is written as it is."""
    for one in context.moves.read():
        # a switch may end between the answer and the note of it: what is written last must be what is asked last
        while not one.ended and not one.in_place and (home := _open_home(context, one.move)) not in ("", one.home):
            context.moves.homed(one.move, home)
            one = replace(one, home=home)
    context.forget_homes()


def _open_home(context: Context, move: Move) -> str:
    """The side that says it is open; empty where none does, or where one that answers not might."""
    from freehold.move.run.healing import rows

    servers = servers_of(context.hurried(BRIEFLY_S), move)
    for side in (SOURCE, TARGET):
        place = move.place(side)
        with suppress(ServerError), closing(servers.admin(place.instance, place.database)) as session:
            if any(one.move.id == move.id and one.open for one in rows(session)):
                return side
    return ""


def servers_of(context: Context, move: Move) -> PgServers:
    """Sessions on every instance, those of both homes too."""
    before, after = context.at({move.service: move.came}), context.at({move.service: move.goes})
    return replace(after.servers, places={**before.servers.addresses(), **after.servers.addresses()})


def known_as(sides: Sequence[Standing]) -> Known:
    """What the databases say of a move, as this machine would keep it."""
    made = {key for one in sides for key in (MADE_DATABASE, MADE_LINKS) if one.seen.get(key) is True}
    return Known(
        sides[0].move,
        next((one.side for one in sides if one.open), SOURCE),
        ended=all(one.phase in ENDED for one in sides),
        made_database=MADE_DATABASE in made,
        linked=MADE_LINKS in made,
    )


def second_homes(context: Context, under_way: Iterable[Known]) -> tuple[SecondHome, ...]:
    """For each service on the move the home where it does not live now, and who is let in there."""
    platform, roles = context.platform.name, context.placements.roles
    return tuple(
        SecondHome(
            Placement(one.move.service, place.instance, place.database, one.move.schemas, one.move.roles(away)),
            frozenset(
                login for instance, database, login in besides(context, [one]) if Side(instance, database) == place
            ),
            frozenset({roles.analytics, roles.monitor, roles.backup, deploy_role(platform, one.move.service)}),
        )
        for one in under_way
        if not one.in_place
        for away in (other(one.home),)
        for place in (one.move.place(away),)
    )


def besides(context: Context, moves: Iterable[Known] | None = None) -> tuple[tuple[str, str, str], ...]:
    """Who is let in on both sides of a move that has not ended: (instance, database, login). A login from before an
    earlier move may still be in use, so every one that the service can have had counts; rights it needs as well. So do
    the logins of links to its old home, and of those that were made for its new one; each side also lets in what
    follows it. ``moves`` are those that this machine knows of, unless others are named."""
    name = context.platform.name
    pool = context.placements.roles.pool
    under_way = [one for one in (context.moves.read() if moves is None else moves) if not one.ended]
    both = {
        (place.instance, place.database, login)
        for one in under_way
        for side, way in ((SOURCE, "f"), (TARGET, "r"))
        for place in (one.move.place(side),)
        for login in (
            *service_logins(name, one.move.service),
            *([pool] if pool else []),
            *(() if one.in_place else (stream(one.move.id, way),)),
        )
    }
    through = {
        (*login.source, login.role)
        for one in under_way
        for home in (one.move.came, *((one.move.goes,) if one.linked else ()))
        for login in context.at({one.move.service: home}).placements.link_logins
        if one.linked or any(table.schema in one.move.schemas for table in login.tables)
    }
    return tuple(sorted(both | through))


_LINKS = frozenset(
    {
        "drain_replica",
        "drop_foreign_server",
        "drop_link_login",
        "drop_mirror",
        "drop_publication",
        "drop_replication_slot",
        "drop_subscription",
        "foreign_server",
        "forget_replicas",
        "link_grants",
        "mirror",
        "publication",
        "refresh_subscription",
        "replication_slot",
        "subscription",
        "unpublish",
        "user_mapping",
    }
)


def without_moving(context: Context, made: Made) -> Made:
    """The plan without what concerns services that are on the move, and without links: which ends they will have is
    only settled when the moves are completed or given up."""
    moving = {one.move.service for one in context.moves.read() if not one.ended}
    kept = tuple(step for step in made.plan.steps if not (moving and (step.service in moving or step.kind in _LINKS)))
    if left := len(made.plan.steps) - len(kept):
        context.out.warn(
            f"{left} steps wait until the move of {', '.join(sorted(moving))} is completed or given up"
            " (freehold move status)"
        )
    return replace(made, plan=replace(made.plan, steps=kept))
