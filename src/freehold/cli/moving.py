"""The moves of a platform's services as commands see them: what is to be moved, and each piece of work on it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from freehold.cli import instances, verbs, watching
from freehold.cli.context import Context, who
from freehold.cli.made import LOGINS
from freehold.cli.progress import Bar
from freehold.cli.traffic import NoPool, PoolTraffic, traffic
from freehold.errors import FreeholdError, LocalStateError
from freehold.finding import Finding, Level
from freehold.layouts.model import Home, Placement
from freehold.layouts.placement import place
from freehold.local.clock import SystemClock
from freehold.local.movesfile import Known
from freehold.move import names
from freehold.move.machine import ENDED, Phase, demand
from freehold.move.model import SOURCE, TARGET, Move, Side, other
from freehold.spec.model import Layout
from freehold.sqltext import keyword, literal, sql

if TYPE_CHECKING:
    from freehold.move.alike import Difference
    from freehold.move.run.beginning import Work
    from freehold.move.run.switching import Limits, Switched
    from freehold.move.run.world import World
    from freehold.move.state import Standing
    from freehold.move.verify.model import Options, Report
    from freehold.plan.model import Step
    from freehold.ports import Servers

PROVISIONS = frozenset(
    {
        "control_schema",
        "database",
        "database_access",
        "default_privileges",
        "extension",
        "host_based_access",
        "membership",
        "password",
        "pool_lookup",
        "public_schema",
        "role",
        "role_setting",
        "schema",
        "schema_access",
        "server_setting",
    }
)
"""The kinds of steps that make a home before anything is in it."""


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
    """The services that have to be moved for ``layout`` (None: the one that is declared), by name; all when none is
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
    return tuple(found)


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


@contextmanager
def world_of(context: Context, move: Move) -> Iterator[World]:
    """The ports of a move, with both homes in reach."""
    from freehold.move.run.world import World
    from freehold.pg.dump import PgDumps

    before, after = context.at({move.service: move.came}), context.at({move.service: move.goes})
    places = {**before.servers.addresses(), **after.servers.addresses()}
    servers = replace(after.servers, places=places)
    majors = majors_of(servers, move)
    with Bar(f"moving {move.service}") as progress:
        yield World(
            servers,
            context.secrets,
            SystemClock(),
            progress,
            PgDumps(places, majors, context.binaries()),
            who(),
            lambda one, pause_ms: watching.watched(context.path, one, pause_ms),
        )


def majors_of(servers: Servers, move: Move) -> dict[str, int]:
    """The major version of each instance of a move that answers."""
    found: dict[str, int] = {}
    for name in sorted({move.source.instance, move.target.instance} & set(servers.addresses())):
        session = servers.admin(name)
        found[name] = int(str(session.query(keyword("SHOW server_version_num"))[0][0])) // 10000
        session.close()
    return found


def preflight(context: Context, move: Move, *, made: bool = True) -> tuple[Finding, ...]:
    """What is in the way of a move, the blockers first; changes nothing. ``made`` is false before the new home is."""
    from freehold.move.preflight._kind import findings
    from freehold.move.run.preflight import gather

    service = context.platform.service(move.service)
    there = context.at({move.service: move.goes})
    ready = database_there(there, move.target)
    with world_of(context, move) as world, steering(context, move) as clients:
        instead = "" if ready else world.servers.addresses()[move.target.instance].maintenance_database
        facts = replace(
            gather(world, move, instead),
            has_pool=not isinstance(clients, NoPool),
            pooled=clients.backends(),
            coming=() if made else service.extensions,
            services={schema: one.name for one in context.platform.services for schema in one.schemas},
            maintained=tuple(one.table for one in service.timeseries),
        )
    return tuple(one for one in findings(facts) if ready or one.code not in _OF_A_DATABASE)


_OF_A_DATABASE = frozenset({"encoding", "extensions", "locale", "policy_roles", "subscribed", "target_not_empty"})
"""Checks that ask what is inside the target's database; where that is still to be made, they wait until it is there."""


def begin(
    context: Context, task: Task, *, jobs: int, dry_run: bool, backup: bool
) -> tuple[Known | None, tuple[Finding, ...]]:
    """Bring a service to where a cutover can begin; goes on with a move that was interrupted.

    None where something is in the way, or nothing but a look was asked for: the findings say what. Nothing of the
    move is left then.
    """
    from freehold.move.run.beginning import start

    context.folder.ensure()
    entry = next((one for one in context.moves.read() if one.move.service == task.service and not one.ended), None)
    if entry is not None and entry.move.goes != task.goes:
        raise FreeholdError(
            f'service "{task.service}" is on its way to another home, under layout "{entry.move.layout}"',
            hint=f"Finish that move, or give it up: freehold move abort --service {task.service}",
        )
    told: tuple[Finding, ...] = ()
    if entry is None:
        there = context.at({task.service: task.goes})
        instances.start(there)
        move = _move(context, task)
        told = preflight(context, move, made=False)
        if dry_run or blocked(told):
            return None, told
        entry = Known(move, made_database=not database_there(there, move.target))
        context.moves.put(entry)
        provision(context, move)
        told = preflight(context, move)
        if blocked(told):
            _withdraw(context, entry)
            return None, told
    elif dry_run:
        return None, preflight(context, entry.move)
    move = entry.move
    instances.start(context.at({move.service: move.goes}))
    with world_of(context, move) as world:
        told += start(world, move, _work(context, world, move, jobs, backup=backup))
    return entry, told


def _work(context: Context, world: World, move: Move, jobs: int, *, backup: bool) -> Work:
    """What ``start`` needs of this machine; with ``backup`` an archive that was proved to be whole comes first."""
    from freehold.local.backups import BackupFolder
    from freehold.move import backup as archives
    from freehold.move.run.backup import back_up
    from freehold.move.run.beginning import Work
    from freehold.pg.archiving import PgArchiver

    kept = BackupFolder(context.folder)

    def save() -> None:
        with suppress(LocalStateError, ValueError):
            if archives.manifest(kept.noted(archives.name(move.id))).verified_at:
                return
        archiver = PgArchiver(world.servers.addresses(), majors_of(world.servers, move), context.binaries())
        back_up(world, archiver, kept, move)

    return (
        Work(jobs, lambda: provision(context, move), save) if backup else Work(jobs, lambda: provision(context, move))
    )


def blocked(told: Sequence[Finding]) -> bool:
    """Whether something keeps a move from starting."""
    return any(one.level is Level.ERROR for one in told)


def _withdraw(context: Context, entry: Known) -> None:
    from freehold.move.run.beginning import register
    from freehold.move.run.retiring import abort as do

    with world_of(context, entry.move) as world:
        register(world, entry.move)
        do(world, entry.move, made_database=entry.made_database)
    context.moves.put(replace(entry, ended=True))


def provision(context: Context, move: Move) -> None:
    """Roles, database, extensions and empty schemas of the service at its new home, as a plan makes them."""
    there = context.at({move.service: move.goes})
    made = verbs.plan(there, authoritative=False, allow_destroy=False, services=[move.service], moving=True)
    steps = tuple(step for step in made.plan.steps if _at_home(step, move))
    if steps:
        verbs.apply(there, replace(made, plan=replace(made.plan, steps=steps)), wait_ms=60_000)
    # where nobody lives yet nobody is disturbed
    lived_in = {one.instance for one in context.placements.services}
    instances.restart_pending(there, restart=True, only={move.target.instance} - lived_in)


def _at_home(step: Step, move: Move) -> bool:
    if step.instance != move.target.instance or step.kind not in PROVISIONS:
        return False
    if step.kind == "database":
        return step.name == move.target.database
    if step.kind in LOGINS:  # what else comes is let in there, or reads there
        return True
    return step.database in (None, move.target.database) and step.service in ("", move.service)


@dataclass(frozen=True, slots=True)
class Verified:
    """What a verification found: the rows, and the definitions where the source serves."""

    service: str
    report: Report
    definitions: tuple[Difference, ...]

    @property
    def clean(self) -> bool:
        return self.report.equal and not self.definitions


def verify(context: Context, entry: Known, options: Options) -> Verified:
    """Compare both sides while the service works. Raises Unverified when nothing can be said."""
    from freehold.move.run.following import direction
    from freehold.move.run.healing import home, standings
    from freehold.move.run.verify import verify as compare
    from freehold.move.state import note

    move = entry.move
    with world_of(context, move) as world:
        side = home(standings(world, move))
        if side is None:
            raise FreeholdError(
                f'service "{move.service}" is in the middle of a switch', hint="Run `freehold move resume` first."
            )
        report = compare(move, direction(side), world.servers, world.clock, world.progress, options)
        found = Verified(move.service, report, differing(world, move) if side == SOURCE else ())
        wrong = report.mismatches + report.unsettled + len(found.definitions)
        told = {"mode": report.mode.value, "rows": report.rows, "mismatches": wrong, "at": report.finished_at}
        with world.session(move.place(side)) as session:
            session.execute(note(move, {"verified": told}))
    return found


def differing(world: World, move: Move) -> tuple[Difference, ...]:
    """How the definitions of the sides differ, but for what their layouts want otherwise, and for rights that a switch
    took from the side that does not serve and will give back."""
    from freehold.move import fence
    from freehold.move.bridge import needed
    from freehold.move.run.alike import alike

    with world.session(move.target) as session:
        taken = any(kind == fence.SEQUENCE_GRANT for kind, _, _ in session.query(fence.kept(move)))
    apart = {*({"settings of"} if needed(move) else ()), *({"rights on sequence"} if taken else ())}
    return tuple(one for one in alike(world, move) if one.kind not in apart)


def _proved(world: World, move: Move, here: Standing) -> None:
    """Raise FreeholdError unless every row was compared and nothing differed."""
    told = here.seen.get("verified")
    match told:
        case {"mode": "full", "mismatches": 0}:
            pass
        case {"mode": "full", "mismatches": int(count)}:
            raise FreeholdError(
                f'service "{move.service}" differs at its new home in {count} places',
                hint="`freehold move verify` lists them; `freehold move verify --repair` mends rows.",
            )
        case _:
            raise FreeholdError(
                f'it was not verified that service "{move.service}" is whole at its new home',
                hint="Run `freehold move verify`; or cut over --unverified, and take the risk.",
            )
    if differences := differing(world, move):
        raise FreeholdError(
            f'the definitions of service "{move.service}" are not the same at its new home: {differences[0]}',
            hint="`freehold move verify` lists all of them.",
        )


def switch(context: Context, entry: Known, from_side: str, limits: Limits, *, unverified: bool = False) -> Switched:
    """Cut over, or roll back: take the service from a side to the other."""
    from freehold.move.run.healing import standings
    from freehold.move.run.switching import switch as go

    move = entry.move
    if entry.in_place:
        raise FreeholdError(
            f'service "{move.service}" stays in its database and has its new roles by now',
            hint="`freehold move complete` ends its old login; moving to the old layout brings the old roles back.",
        )
    with world_of(context, move) as world, steering(context, move) as clients:
        found = standings(world, move)
        here = found.get(from_side)
        if here is None or not here.open:
            phase = here.phase if here is not None else Phase.STARTED
            demand(move.service, phase, "cutover" if from_side == SOURCE else "rollback")
            raise FreeholdError(
                f'service "{move.service}" is not served there', hint="Look at it with `freehold move status`."
            )
        demand(move.service, here.phase, "cutover" if from_side == SOURCE else "rollback")
        if from_side == SOURCE and not unverified:
            _proved(world, move, here)
        took = go(world, move, from_side, here.epoch, clients, limits)
    context.moves.homed(move, other(from_side))
    if move.source_roles != move.target_roles:
        from freehold.cli import logins

        context.forget_homes()
        logins.write_env_files(context)
    return took


@contextmanager
def steering(context: Context, move: Move) -> Iterator[PoolTraffic | NoPool]:
    """What holds the service's clients back and leads them; closed at the end."""
    clients = traffic(context, move)
    try:
        yield clients
    finally:
        if isinstance(clients, PoolTraffic):
            clients.close()


def heal(context: Context, entry: Known) -> str:
    """End a switch that was interrupted; the side that serves."""
    from freehold.move.run.healing import heal as do

    with world_of(context, entry.move) as world, steering(context, entry.move) as clients:
        side = do(world, entry.move, clients)
    context.moves.homed(entry.move, side)
    return side


@dataclass(frozen=True, slots=True)
class Seen:
    """What both sides say of a move, how many bytes the side that follows is behind, and how many rows were copied."""

    sides: dict[str, Standing]
    lag_bytes: int | None
    copied_rows: int


def look(context: Context, entry: Known) -> Seen:
    """Where a move stands. Raises Unreachable."""
    from freehold.move import copy
    from freehold.move.run.following import lag_bytes
    from freehold.move.run.healing import home, standings

    if entry.in_place:
        return Seen({}, None, 0)
    with world_of(context, entry.move) as world:
        found = standings(world, entry.move)
        side, copied = home(found), 0
        if TARGET in found:
            with world.session(entry.move.target) as session:
                copied = int(str(session.query(copy.rows_there(entry.move.id))[0][0]))
        return Seen(found, lag_bytes(world, entry.move, side) if side else None, copied)


def complete(context: Context, entry: Known) -> tuple[str, ...]:
    """End a move for good; where the old tables wait."""
    from freehold.move.run.healing import standings
    from freehold.move.run.retiring import complete as do

    move = entry.move
    retired: tuple[str, ...] = ()
    with world_of(context, move) as world:
        if not entry.in_place:
            found = standings(world, move)
            phase = found[TARGET].phase if TARGET in found else Phase.STARTED
            if phase is not Phase.RETIRING:
                demand(move.service, phase, "complete")
            retired = do(world, move)
    context.moves.put(replace(entry, home=TARGET, ended=True))
    return retired


def abort(context: Context, entry: Known) -> None:
    """Give a move up; the service stays where it was."""
    from freehold.move.run.healing import standings
    from freehold.move.run.retiring import abort as do

    move = entry.move
    with world_of(context, move) as world:
        found = standings(world, move)
        if SOURCE in found and found[SOURCE].phase not in ENDED:
            demand(move.service, found[SOURCE].phase, "abort")
        if SOURCE in found:
            do(world, move, made_database=entry.made_database)
    context.moves.put(replace(entry, home=SOURCE, ended=True))


def resume(context: Context, entry: Known, *, jobs: int, backup: bool) -> None:
    """Go on with a start that was interrupted; nothing happens to a move that is past it."""
    from freehold.move.run.beginning import start

    move = entry.move
    instances.start(context.at({move.service: move.goes}))
    with world_of(context, move) as world:
        start(world, move, _work(context, world, move, jobs, backup=backup))


def take_over(context: Context, task: Task) -> None:
    """Give a service that stays in its database the roles of another layout: what it owns and may do follows, and the
    login that it used goes on working until its env file is read anew. May be killed anywhere and run again.

    Meanwhile the old owner may look into the schema still: the check of a foreign key acts as the owner of the table,
    and the schema changes hands before its tables do.
    """
    from freehold.move import bridge
    from freehold.move.run.beginning import bridge_over
    from freehold.plan.order import in_order

    there = context.at({task.service: task.goes})
    # a client that waits for less than its deadlock_timeout is never chosen to give way
    there.__dict__["servers"] = replace(there.servers, lock_timeout_ms=_YIELD_MS)
    old, new = task.source.roles.owner, task.target.roles.owner
    made = verbs.plan(there, authoritative=False, allow_destroy=True, services=[task.service], moving=True)
    if roles := tuple(step for step in made.plan.steps if step.kind == "role"):
        verbs.apply(there, replace(made, plan=replace(made.plan, steps=roles)), wait_ms=60_000)
    begun = [one for one in context.moves.read() if one.move.service == task.service and one.in_place and not one.ended]
    move = begun[0].move if begun else _move(context, task)
    # from here on pg_hba.conf lets both logins in
    context.moves.put(Known(move, home=SOURCE))
    with world_of(context, move) as world, world.session(move.target) as session:
        for schema in move.schemas:
            session.execute(bridge.hand_over(schema, old, new))
        made = verbs.plan(there, authoritative=False, allow_destroy=True, services=[task.service], moving=True)
        owners = [one for one in made.plan.undeclared if one.kind == "object_owner" and one.service == task.service]
        steps = in_order([*made.plan.steps, *owners])
        if steps:
            verbs.apply(there, replace(made, plan=replace(made.plan, steps=steps)), wait_ms=60_000)
        for schema in move.schemas:
            session.execute(bridge.shut_out(schema, old))
        bridge_over(world, move, session, session)
    context.moves.put(Known(move, home=TARGET, ended=True))
    context.forget_homes()


_YIELD_MS = 500


def purge(context: Context, services: Sequence[str]) -> tuple[str, ...]:
    """Drop what completed moves put away; the services whose old tables are gone."""
    from freehold.move.machine import Phase
    from freehold.move.run.healing import rows
    from freehold.move.run.retiring import purge as do

    found: list[str] = []
    for instance in context.placements.instances:
        for database in _databases(context, instance.name):
            session = context.servers.admin(instance.name, database)
            try:
                there = rows(session)
            finally:
                session.close()
            for one in there:
                mine = one.side == SOURCE and one.move.platform == context.platform.name
                if mine and one.phase is Phase.COMPLETED and (not services or one.move.service in services):
                    with world_of(context, one.move) as world:
                        if do(world, one.move):
                            found.append(one.move.service)
    return tuple(found)


def find(context: Context) -> tuple[Known, ...]:
    """Ask the databases for the moves of this platform and write down what they say; the moves found.

    Begins where the declaration places the services, and goes on to where moves have taken them. Raises Unreachable.
    """
    from freehold.move.run.healing import rows

    context.folder.ensure()
    found: dict[str, list[Standing]] = {}
    asked: set[tuple[str, str]] = set()
    there = context.at({})
    while left := [one for one in there.placements.databases() if one not in asked]:
        instances.start(there)
        for place_ in left:
            asked.add(place_)
            if not database_there(there, Side(*place_)):
                continue
            session = there.servers.admin(*place_)
            try:
                for one in rows(session):
                    if one.move.platform == context.platform.name:
                        found.setdefault(one.move.id, []).append(one)
            finally:
                session.close()
        there = context.at({sides[0].move.service: sides[0].move.goes for sides in found.values()})
    entries = tuple(_found(sides) for sides in found.values())
    context.moves.write(entries)
    context.forget_homes()
    return entries


def _found(sides: Sequence[Standing]) -> Known:
    home = next((one.side for one in sides if one.open), SOURCE)
    return Known(sides[0].move, home, ended=all(one.phase in ENDED for one in sides))


def _databases(context: Context, instance: str) -> tuple[str, ...]:
    session = context.servers.admin(instance)
    try:
        question = keyword("SELECT datname FROM pg_catalog.pg_database WHERE datallowconn AND NOT datistemplate")
        return tuple(sorted(str(row[0]) for row in session.query(question)))
    finally:
        session.close()


def settle(context: Context) -> bool:
    """Forget moves that have ended and whose outcome the declaration says itself; whether all is as declared."""
    declared = place(context.platform)
    known_moves = context.moves.read()
    now = place(context.platform, context.homes)
    left = tuple(
        one
        for one in known_moves
        if not one.ended or (declared.of(one.move.service) != now.of(one.move.service) and _latest(one, known_moves))
    )
    if left != known_moves:
        context.moves.write(left)
    return not left


def _latest(entry: Known, moves: Sequence[Known]) -> bool:
    return [one for one in moves if one.move.service == entry.move.service][-1] is entry


def _move(context: Context, task: Task) -> Move:
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


def database_there(context: Context, place: Side) -> bool:
    """Whether the database exists."""
    session = context.servers.admin(place.instance)
    try:
        question = sql("SELECT 1 FROM pg_catalog.pg_database WHERE datname = {}", literal(place.database))
        return bool(session.query(question))
    finally:
        session.close()
