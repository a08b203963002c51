"""Which services have to be moved, and which are on the move."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from freehold.cli.context import Context
from freehold.errors import FreeholdError
from freehold.layouts.model import Home, Placement, Placements
from freehold.layouts.placement import place
from freehold.local.movesfile import Known
from freehold.move import names
from freehold.move.model import Move, Side
from freehold.spec.model import Layout, Platform
from freehold.sqltext import literal, sql


@dataclass(frozen=True, slots=True)
class Task:
    """A service that is to be moved: where it lives, and where it shall live."""

    service: str
    came: Home
    goes: Home
    source: Placement
    target: Placement

    @property
    def in_place(self) -> bool:
        """Whether only its roles change: the database stays."""
        return (self.source.instance, self.source.database) == (self.target.instance, self.target.database)


def tasks(
    context: Context, layout: Layout | None, services: Sequence[str], instance: str, database: str
) -> tuple[Task, ...]:
    """The services that have to be moved for ``layout`` (None: the one that is declared), in turn; all when none is
    named. ``instance`` and ``database`` say for a single service what the layout does not."""
    context.known_services(services)
    found: list[Task] = []
    homes = dict(context.homes)
    chosen = sorted(services or [service.name for service in context.platform.services])
    goes = {name: Home(layout or context.platform.layout, instance, database) for name in chosen}
    then = place(context.platform, {**homes, **goes})
    for name in chosen:
        came = homes.get(name, Home(context.platform.layout))
        source, target = context.placements.of(name), then.of(name)
        if (source.instance, source.database, source.roles) != (target.instance, target.database, target.roles):
            found.append(Task(name, came, goes[name], source, target))
    return in_turn(context.platform, found, then)


def in_turn(platform: Platform, tasks: Sequence[Task], then: Placements) -> tuple[Task, ...]:
    """The tasks in an order in which what is read is there when its reader comes: who is read goes first where the two
    will live together, and last where they will live apart. By name where a circle, or nothing, says otherwise."""
    owners = {schema: one.service for one in then.services for schema in one.schemas}
    waits: dict[str, set[str]] = {one.service: set() for one in tasks}
    for reader in waits:
        for owner in {owners.get(table.schema, reader) for table in platform.service(reader).reads}:
            if owner == reader or owner not in waits:
                continue
            together = _place(then, reader) == _place(then, owner)
            first, last = (owner, reader) if together else (reader, owner)
            waits[last].add(first)
    done: list[str] = []
    while left := [one for one in sorted(waits) if one not in done]:
        done.append(next((one for one in left if waits[one] <= {*done}), left[0]))
    return tuple(sorted(tasks, key=lambda one: done.index(one.service)))


def is_read_there(context: Context, task: Task) -> bool:
    """Whether a service that lives where this one goes reads it: a link made for that now would be in its way."""
    there = context.placements.within(task.target.instance, task.target.database)
    read = {table.schema for one in there for table in context.platform.service(one.service).reads}
    return bool(read & {*task.source.schemas})


def _place(placements: Placements, service: str) -> tuple[str, str]:
    one = placements.of(service)
    return one.instance, one.database


def known(context: Context, services: Sequence[str]) -> tuple[Known, ...]:
    """The moves that have not ended, of these services (all when empty). Raises FreeholdError for a service that is
    named and is not on the move."""
    context.known_services(services)
    under_way = {one.move.service: one for one in context.moves.read() if not one.ended}
    for service in services:
        if service not in under_way:
            raise FreeholdError(
                f'service "{service}" is not being moved', hint=f"`freehold move start --service {service}` begins."
            )
    return tuple(one for name, one in sorted(under_way.items()) if not services or name in services)


def new_move(context: Context, task: Task) -> Move:
    with_row = sql("SELECT pg_catalog.count(*) FROM freehold.move WHERE service = {}", literal(task.service))
    from freehold.move.state import HAS_TABLE

    session = context.servers.admin(task.source.instance, task.source.database)
    try:
        count = int(str(session.query(with_row)[0][0])) if session.query(HAS_TABLE)[0][0] is True else 0
    finally:
        session.close()
    earlier = [one for one in context.moves.read() if one.move.service == task.service]
    number = count + len(earlier) + 1
    base = f"{task.source.instance}/{task.source.database}/{number}"
    return Move(
        id=names.move_id(context.platform.name, f"{task.service}/{base}", number),
        platform=context.platform.name,
        service=task.service,
        layout=task.goes.layout.value,
        source=Side(task.source.instance, task.source.database),
        target=Side(task.target.instance, task.target.database),
        schemas=task.source.schemas,
        source_roles=task.source.roles,
        target_roles=task.target.roles,
        came=task.came,
        goes=task.goes,
    )
