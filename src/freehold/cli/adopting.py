"""Adoptions as commands see them: what each service would get, and each piece of work on it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from freehold.adopt import checks
from freehold.adopt.assign import assign
from freehold.adopt.model import NAMED, Old, Seen, Share, Shares
from freehold.adopt.run import Place, World, begin, end_names, look, put_back
from freehold.cli import verbs
from freehold.cli.context import Context
from freehold.cli.progress import Bar
from freehold.errors import FreeholdError
from freehold.finding import Finding, Level
from freehold.local.clock import SystemClock
from freehold.ports import Servers
from freehold.spec.model import Service

PROVISIONS = frozenset({"control_schema", "membership", "role", "role_setting", "schema", "schema_access"})
"""The steps that make what an adoption needs. What takes rights from anybody waits for `freehold apply`."""


@dataclass(frozen=True, slots=True)
class Look:
    """One database: what it holds, and what its services would get."""

    place: Place
    seen: Seen
    services: tuple[Service, ...]
    shares: Shares
    gets: tuple[Share, ...]
    findings: tuple[Finding, ...] = ()


def chosen(context: Context, services: Sequence[str]) -> tuple[str, ...]:
    """The services that adopt anything, of those named. Raises FreeholdError when there is none."""
    context.known_services(services)
    found = tuple(one.name for one in context.platform.services if one.adopts and one.name in (services or [one.name]))
    if not found:
        raise FreeholdError(
            "no service adopts anything", hint="Name its tables under adopts:, as they are called today."
        )
    return found


def survey(context: Context, world: World, names: Sequence[str], *, views: bool) -> tuple[Look, ...]:
    """What each database holds, and what each of the services would get; changes nothing."""
    by_place: dict[tuple[str, str], list[Service]] = {}
    for service in context.platform.services:
        # what moved away is not where it was adopted
        if service.adopts and service.name not in context.homes:
            placement = context.placements.of(service.name)
            by_place.setdefault((placement.instance, placement.database), []).append(service)
    owned = {schema for service in context.platform.services for schema in service.schemas}
    found: list[Look] = []
    for (instance, database), services in sorted(by_place.items()):
        if not any(one.name in names for one in services):
            continue
        _there(context, instance, database)
        sources = frozenset(table.schema for one in services for table in one.adopts)
        place = Place(instance, database)
        seen = look(world, place, sources, owned)
        shares = assign(seen, services)
        mine = [one for one in services if one.name in names]
        gets = tuple(_share(context, one, seen, shares, views=views) for one in mine)
        told = checks.findings(seen, mine, shares, gets, sources, views=views)
        found.append(Look(place, seen, tuple(mine), shares, gets, told))
    return tuple(found)


def _share(context: Context, service: Service, seen: Seen, shares: Shares, *, views: bool) -> Share:
    things = tuple(one for one in seen.things if shares.owner.get(one.key) == service.name and not (views and one.late))
    return Share(context.placements.of(service.name), service.schemas[0], things)


def _there(context: Context, instance: str, database: str) -> None:
    from freehold.cli.moveworld import database_there
    from freehold.move.model import Side

    if not database_there(context, Side(instance, database)):
        raise FreeholdError(
            f'there is no database "{database}" on instance "{instance}"',
            hint="An adoption splits a database that is there: choose a layout that places the services in it"
            " (schema-per-service), or name it with database: in the declaration.",
        )


def blocked(told: Iterable[Finding]) -> bool:
    """Whether something keeps an adoption from starting."""
    return any(one.level is Level.ERROR for one in told)


def world_of(context: Context, progress: Bar, wait_ms: int) -> World:
    """The ports of an adoption."""
    context.all_reachable()
    servers: Servers = context.servers
    return World(servers, SystemClock(), progress, float(wait_ms))


def provision(context: Context, names: Sequence[str]) -> None:
    """Roles and schemas of the services, as a plan makes them; takes nothing from anybody."""
    made = verbs.plan(context, authoritative=False, allow_destroy=False, services=names)
    steps = tuple(step for step in made.plan.steps if step.kind in PROVISIONS)
    if steps:
        verbs.apply(context, replace(made, plan=replace(made.plan, steps=steps)), wait_ms=60_000)


def adopt(context: Context, world: World, looks: Sequence[Look], *, views: bool) -> None:
    """Give every service its share."""
    ours = frozenset(
        role for one in context.placements.services for role in (one.roles.owner, one.roles.app, one.roles.ro)
    )
    for one in looks:
        for share in one.gets:
            if share.things:
                begin(world, one.place, share, one.seen, views=views, ours=ours)
                world.progress.event(f"{share.service} has its tables in {share.schema}", 0, 0)


def ending(look: Look, service: str) -> tuple[Old, ...]:
    """What a service adopted that has an old name still, or has nothing to end."""
    return tuple(one for one in look.seen.old if one.service == service and one.kind in NAMED)


def in_use(look: Look) -> tuple[Finding, ...]:
    """What keeps old names from ending, and who may live on them."""
    names = [one.name for one in look.services]
    old = [one for name in names for one in ending(look, name)]
    late = [one for one in look.findings if one.code in ("name_taken", "contested", "sequence_by_name")]
    return (*checks.dependents(look.seen, old), *late, *checks.connected(look.seen, [one for one in old if one.view]))


def drop_views(world: World, looks: Sequence[Look]) -> None:
    """End the old names, and let what had to keep its name until then follow."""
    for one in looks:
        for share in one.gets:
            old = ending(one, share.service)
            if any(each.view for each in old) or share.things:
                end_names(world, one.place, old, share, one.seen)


def undo(world: World, looks: Sequence[Look]) -> dict[str, int]:
    """Bring everything back; how many things, by service."""
    return {
        service.name: put_back(world, one.place, service.name, one.seen)
        for one in looks
        for service in one.services
        if any(each.service == service.name for each in one.seen.old)
    }
