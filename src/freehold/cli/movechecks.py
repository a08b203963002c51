"""What is asked before a switch: what is in the way, and whether both homes hold the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from freehold.cli.context import Context
from freehold.cli.moveworld import database_there, steering, world_of
from freehold.cli.traffic import NoPool
from freehold.errors import FreeholdError
from freehold.finding import Finding, Level
from freehold.local.clock import SystemClock
from freehold.local.movesfile import Known
from freehold.move import events
from freehold.move.model import SOURCE, TARGET, Move
from freehold.units import show_ms

if TYPE_CHECKING:
    from freehold.move.alike import Difference
    from freehold.move.facts import Facts
    from freehold.move.run.world import World
    from freehold.move.state import Standing
    from freehold.move.verify.model import Options, Report


def preflight(context: Context, move: Move, *, made: bool = True) -> tuple[Finding, ...]:
    """What is in the way of a move, the blockers first; changes nothing. ``made`` is false before the new home is."""
    from freehold.move.preflight._kind import findings
    from freehold.move.run.rehearsal import rehearse

    facts = facts_of(context, move, made=made)
    apart = facts.source.version // 10000 != facts.target.version // 10000
    ready = database_there(context.at({move.service: move.goes}), move.target)
    with world_of(context, move) as world:
        if apart and not made:
            facts = replace(facts, refused=rehearse(world, facts))
        told = tuple(one for one in findings(facts) if ready or one.code not in _OF_A_DATABASE)
        for one in told:
            world.tell(events.FindingMade(one.code, one.level, one.object, one.title))
    return told


def facts_of(context: Context, move: Move, *, made: bool = True) -> Facts:
    """What preflight judges: what both servers say, the declaration, and this machine."""
    from freehold.move.run.preflight import gather

    service = context.platform.service(move.service)
    there = context.at({move.service: move.goes})
    ready = database_there(there, move.target)
    beside = [
        one
        for one in there.placements.within(move.target.instance, move.target.database)
        if one.service != move.service
    ]
    with world_of(context, move) as world, steering(context, move) as clients:
        instead = "" if ready else world.servers.addresses()[move.target.instance].maintenance_database
        return replace(
            gather(world, move, instead),
            has_pool=not isinstance(clients, NoPool),
            pooled=clients.backends(),
            coming=() if made else service.extensions,
            platform_roles=frozenset(
                role
                for some in (context.placements, there.placements)
                for role in (
                    *(name for one in some.services for name in (one.roles.owner, one.roles.app, one.roles.ro)),
                    *(one.role for one in some.link_logins),
                )
            ),
            links=frozenset(one.name for some in (context.placements, there.placements) for one in some.links),
            neighbours=_neighbours(context, move.service),
            accepted=frozenset(
                one.key
                for one in context.platform.ignores
                if not one.until or one.until >= SystemClock().now_iso()[:10]
            ),
            services={schema: one.name for one in context.platform.services for schema in one.schemas},
            maintained=tuple(one.table for one in service.timeseries),
            settings=tuple(name for name, _ in (*context.platform.settings, *service.settings)),
            moving={
                schema: one.service
                for one in beside
                if one.roles.owner == move.target_roles.owner
                for schema in one.schemas
            },
            reads={one.name: one.reads for one in context.platform.services},
            replicas={one.name: one.replicas for one in context.platform.services},
            there=frozenset(schema for one in beside for schema in one.schemas),
            mirrored=tuple(
                sorted(
                    {
                        reader
                        for link in context.placements.links
                        if link.reader == (move.target.instance, move.target.database)
                        for table in link.tables
                        if table.owner == move.service
                        for reader in table.readers
                    }
                )
            ),
            arriving={
                schema: one.move.service
                for one in context.moves.read()
                if not one.ended and one.home == SOURCE and one.move.target == move.target and not one.in_place
                if one.move.service != move.service
                for schema in one.move.schemas
            },
        )


def _neighbours(context: Context, service: str) -> Mapping[str, tuple[str, ...]]:
    """The extensions that only other services declare, and these; one that has moved leaves its extensions behind."""
    mine = context.platform.service(service).extensions
    found: dict[str, tuple[str, ...]] = {}
    for one in context.platform.services:
        for extension in one.extensions:
            if extension not in mine:
                found[extension] = (*found.get(extension, ()), one.name)
    return found


_OF_A_DATABASE = frozenset({"encoding", "locale", "policy_roles", "subscribed", "target_not_empty"})
"""Checks that ask what is inside the target's database; where that is still to be made, they wait until it is there."""


def blocked(told: Sequence[Finding]) -> bool:
    """Whether something keeps a move from starting."""
    return any(one.level is Level.ERROR for one in told)


@dataclass(frozen=True, slots=True)
class Verified:
    """What a verification found: where the service lives, the rows, and the definitions."""

    service: str
    home: str
    report: Report
    definitions: tuple[Difference, ...]

    @property
    def clean(self) -> bool:
        return self.report.equal and not self.definitions


def verify(context: Context, entry: Known, options: Options, for_ms: int = 0, right: str = "") -> Verified:
    """Compare both sides while the service works; with ``for_ms`` go on comparing what is written for as long. A repair
    rewrites the side that follows; where that is the old home, ``right`` must say that the new one is right.

    Raises Unverified when nothing can be said.
    """
    from freehold.move.run.following import direction
    from freehold.move.run.healing import home, standings
    from freehold.move.run.verify import verify as compare
    from freehold.move.run.verify import watch

    move = entry.move
    with world_of(context, move) as world:
        side = home(standings(world, move))
        if side is None:
            raise FreeholdError(
                f'service "{move.service}" is in the middle of a switch', hint="Run `freehold move resume` first."
            )
        if options.repair and right != side and (right or side == TARGET):
            raise FreeholdError(_which(move, side), hint=_RIGHT)
        asked = (move, direction(side), world.servers, world.clock, world.tell, options)
        until = world.clock.monotonic_ms() + for_ms
        with world.step(events.Step.VERIFY):
            report = (
                watch(*asked, lambda: world.clock.monotonic_ms() >= until, lambda seen: world.tell(told(seen, 0)))
                if for_ms
                else compare(*asked)
            )
            found = Verified(move.service, side, report, differing(world, move))
        world.tell(told(report, len(found.definitions)))
        write_down(world, move, side, report, len(found.definitions))
    return found


def write_down(world: World, move: Move, side: str, report: Report, definitions: int) -> None:
    """Keep what a verification found where the service lives."""
    from freehold.move.state import note

    wrong = report.mismatches + report.unsettled + definitions
    seen = {"mode": report.mode.value, "rows": report.rows, "mismatches": wrong, "at": report.finished_at}
    with world.session(move.place(side)) as session:
        session.execute(note(move, {"verified": seen}))


def _which(move: Move, side: str) -> str:
    lives = "new" if side == TARGET else "old"
    return (
        f'service "{move.service}" lives at its {lives} home, so a repair rewrites the other one with what is there'
        + ("; the old home may be the last good copy" if side == TARGET else "")
    )


_RIGHT = (
    "Look at the rows first. Where the home that serves is right, say so: --right source or --right target names it."
    " Where the other one is, switch first (freehold move cutover or rollback, with --unverified)."
)


def told(report: Report, definitions: int) -> events.Verified:
    """The event that a verification has ended with this."""
    return events.Verified(
        mode=report.mode.value,
        rows=report.rows,
        mismatches=report.mismatches,
        unsettled=report.unsettled,
        definitions=definitions,
        equal=report.equal and not definitions,
    )


def differing(world: World, move: Move) -> tuple[Difference, ...]:
    """How the definitions of the sides differ, but for rights that a switch took from the side that does not serve and
    will give back."""
    from freehold.move import fence
    from freehold.move.run.alike import alike

    taken = False
    for place in (move.source, move.target):
        with world.session(place) as session:
            taken |= any(kind == fence.SEQUENCE_GRANT for kind, _, _ in session.query(fence.kept(move)))
    return tuple(one for one in alike(world, move) if not (taken and one.kind == "rights on sequence"))


def proved(world: World, move: Move, found: Mapping[str, Standing], within_ms: int | None) -> None:
    """Raise FreeholdError unless every row was compared, no longer ago than ``within_ms``, and nothing differed."""
    told = newest(found)
    if told is None or told["mode"] != "full":
        raise FreeholdError(
            f'it was not verified that service "{move.service}" is whole at its new home',
            hint="Run `freehold move verify`; or cut over --unverified, and take the risk.",
        )
    known_equal(world, move, found)
    age_ms = 1000 * (datetime.fromisoformat(world.clock.now_iso()) - _at(told)).total_seconds()
    if within_ms is not None and age_ms > within_ms:
        raise FreeholdError(
            f'service "{move.service}" was verified at {told["at"]}, more than {show_ms(within_ms)} ago',
            hint="Run `freehold move verify` again, or let an older one count with --verified-within.",
        )


def known_equal(world: World, move: Move, found: Mapping[str, Standing]) -> None:
    """Raise FreeholdError where the last verification found differences, or where definitions differ now."""
    told = newest(found)
    if told is not None and told["mismatches"]:
        raise FreeholdError(
            f'the homes of service "{move.service}" differed in {told["mismatches"]} places when last verified',
            hint="`freehold move verify` lists them. --unverified switches all the same.",
        )
    known_alike(world, move)


def known_alike(world: World, move: Move) -> None:
    """Raise FreeholdError where definitions differ."""
    if differences := differing(world, move):
        raise FreeholdError(
            f'the definitions of service "{move.service}" are not the same at both homes: {differences[0]}',
            hint="`freehold move verify` lists all of them. --unverified switches all the same.",
        )


def newest(found: Mapping[str, Standing]) -> dict[str, object] | None:
    """The verification that ended last: each is written down where the service lived then."""
    told = [told for one in found.values() if isinstance(told := one.seen.get("verified"), dict)]
    return max(told, key=_at, default=None)


def _at(told: Mapping[str, object]) -> datetime:
    return datetime.fromisoformat(str(told["at"]))
