"""What the commands do to a platform: look, plan, keep a plan, apply, take back, prove."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from freehold.cli import underway
from freehold.cli.context import Context, nearest, who
from freehold.cli.made import Made, restricted
from freehold.cli.progress import Bar
from freehold.errors import DeclarationError, FreeholdError, MissingRight
from freehold.found.model import Found
from freehold.local.clock import SystemClock
from freehold.move.model import SOURCE, TARGET
from freehold.plan.model import Design

if TYPE_CHECKING:
    from freehold.apply.model import Applied
    from freehold.apply.run.together import Together
    from freehold.local.movesfile import Known
    from freehold.prove.model import Report


def design_of(context: Context, *, authoritative: bool) -> Design:
    """Everything the plan is computed from besides what is found."""
    from freehold.local.migrations import collect
    from freehold.pg.machine import machine

    migrations, commands = collect(context.platform, context.path.parent, context.out.warn)
    return Design(
        platform=context.platform,
        placements=context.placements,
        machine=machine(),
        verifiers=context.secrets.known(),
        migrations=migrations,
        commands=commands,
        authoritative=authoritative,
        endpoints={name: address.endpoint for name, address in context.servers.addresses().items()},
        digests=context.secrets.digests(),
        besides=underway.besides(context),
    )


def _passing(context: Context, moves: Sequence[Known]) -> tuple[tuple[str, str, str], ...]:
    """``underway.besides``, and who owns the service on each side."""
    return underway.besides(context, moves) + tuple(
        (one.move.place(side).instance, one.move.place(side).database, one.move.roles(side).owner)
        for one in moves
        for side in (SOURCE, TARGET)
    )


def look(context: Context) -> Found:
    """A snapshot of every instance, with the contents of the platform's databases."""
    context.all_reachable()
    names = [instance.name for instance in context.placements.instances]
    databases: dict[str, list[str]] = {name: [] for name in names}
    for instance, database in context.placements.databases():
        databases[instance].append(database)
    found = context.servers.read(names, databases)
    _refuse_unknown_moves(context, found)
    return found


def _refuse_unknown_moves(context: Context, found: Found) -> None:
    """Raise FreeholdError when a database says that a service has moved away and this machine does not know of it: a
    plan would make it again where it is no more."""
    from concurrent.futures import ThreadPoolExecutor

    from freehold.move.away import gone
    from freehold.move.run.healing import rows

    known = {one.move.service for one in context.moves.read()}

    def told(place: tuple[str, str]) -> list[str]:
        database = found.servers[place[0]].databases.get(place[1])
        if database is None or database.contents is None or not database.contents.has_control:
            return []
        session = context.servers.admin(*place)
        try:
            here = [one.service for one in context.placements.within(*place) if one.service not in known]
            return [
                f'"{one.service}" to {one.target.instance}/{one.target.database}' for one in gone(rows(session), here)
            ]
        finally:
            session.close()

    with ThreadPoolExecutor(max_workers=8) as pool:
        moved = [one for some in pool.map(told, context.placements.databases()) for one in some]
    if moved:
        raise FreeholdError(
            f"services have moved, and this machine does not know of it: {', '.join(moved)}",
            hint="`freehold move find` asks the databases where each service lives now.",
        )


def plan(
    context: Context, *, authoritative: bool, allow_destroy: bool, services: Sequence[str], moving: bool = False
) -> Made:
    """The plan for what is there now; without what concerns services on the move, unless a move asks (``moving``)."""
    from freehold.apply.run.lend import outstanding
    from freehold.plan.make import make
    from freehold.plan.rights import missing

    context.known_services(services)
    design, found = design_of(context, authoritative=authoritative), look(context)
    made = restricted(design, make(design, found), allow_destroy=allow_destroy, services=services)
    made = made if moving else underway.without_moving(context, made)
    _refuse_keys(context, made, found)
    lacking = tuple(
        f'login "{server.user}" on instance "{name}" lacks {" and ".join(rights)}'
        for name, server in sorted(found.servers.items())
        if (rights := missing(server, made.plan.steps))
    )
    return replace(made, lent=outstanding(design, found), lacking=lacking)


def _refuse_keys(context: Context, made: Made, found: Found) -> None:
    """Raise DeclarationError when a table that is still to be made could not be partitioned as declared afterwards:
    nothing of it has run yet."""
    from freehold.cli.crossings import keys_in_migrations
    from freehold.plan.look import look as indexed
    from freehold.plan.steps.partitioned_table import PartitionedTable

    seen = indexed(found)
    steps = [step for step in made.plan.steps if isinstance(step, PartitionedTable)]
    to_be_made = {
        step.service
        for step in steps
        if seen.table(step.instance, step.database or "", step.series.table.schema, step.series.table.table) is None
    }
    complaints = tuple(keys_in_migrations(context.platform, context.path.parent, to_be_made)) if to_be_made else ()
    if complaints:
        raise DeclarationError(complaints)


def destruction(context: Context) -> Made:
    """The plan that drops every declared object."""
    from freehold.plan.destroy import make

    design = design_of(context, authoritative=False)
    return Made(design, make(design, look(context)))


def write_plan(context: Context, path: str, made: Made) -> None:
    """Keep the plan in a file that apply accepts."""
    from freehold.apply.fresh import PlanFile, digest
    from freehold.local import planfile
    from freehold.plan.show import changes

    planned = made.plan
    kept = tuple(changes(planned))
    planfile.write(path, PlanFile(planned.platform, planned.fingerprint, digest(made.design), kept))


def plan_from_file(context: Context, path: str) -> Made:
    """The plan of a file. Raises StalePlan when the servers or the declaration changed since."""
    from freehold.apply.fresh import check_fresh, digest
    from freehold.local import planfile
    from freehold.plan.show import changes

    file = planfile.read(path)
    authoritative = file.declaration == digest(design_of(context, authoritative=True))
    wanted = {_identity(change) for change in file.changes}
    made = plan(context, authoritative=authoritative, allow_destroy=True, services=())
    kept = tuple(
        step for step, change in zip(made.plan.steps, changes(made.plan), strict=True) if _identity(change) in wanted
    )
    chosen = replace(made, plan=replace(made.plan, steps=kept), exact=True)
    check_fresh(file, chosen.plan, chosen.design, tuple(changes(chosen.plan)))
    return chosen


def apply(context: Context, made: Made, *, wait_ms: int, together: Together | None = None) -> Applied:
    """Make the steps of a plan. Raises ApplyFailed, Busy, MigrationError."""
    from freehold.apply.run import apply as send
    from freehold.local.commands import ShellCommands

    if made.lacking:
        raise MissingRight(
            "; ".join(made.lacking),
            hint="Ask a superuser for it (ALTER ROLE .. CREATEROLE CREATEDB), or name another login in the URL.",
        )
    context.folder.ensure()
    for note in made.plan.notes:
        context.out.warn(note)
    with Bar("applying") as progress:
        return send(
            made.plan,
            made.design,
            context.servers,
            context.secrets,
            SystemClock(),
            ShellCommands(context.path.parent),
            progress,
            who=who(),
            wait_ms=wait_ms,
            look=lambda: look(context),
            exact=made.exact,
            together=together,
        )


def take_back(context: Context, made: Made, *, wait_ms: int) -> tuple[str, ...]:
    """Drop the short-lived logins that are outstanding, as every apply does."""
    if made.lent:
        apply(context, replace(made, plan=replace(made.plan, steps=())), wait_ms=wait_ms)
    return made.lent


def prove(
    context: Context, *, services: Sequence[str], attacks: Sequence[str], workers: int, exhaust: bool = False
) -> Report:
    """Attack the platform."""
    from freehold.cli import pools
    from freehold.local.migrations import collect
    from freehold.prove.run import prove as attack

    context.known_services(services)
    _known_attacks(attacks)
    migrations, _ = collect(context.platform, context.path.parent)
    pooled, servers = pools.for_proof(context)
    moves = underway.open_moves(context)
    for one in moves:
        for home in (one.move.came, one.move.goes):
            beyond = context.at({one.move.service: home}).servers.addresses()
            servers = replace(servers, places={**beyond, **servers.places})
    with Bar("proving") as progress:
        return attack(
            context.platform,
            context.placements,
            servers,
            context.secrets,
            SystemClock(),
            progress,
            pools=pooled,
            services=services or None,
            attacks=attacks or None,
            workers=workers,
            exhaust=exhaust,
            passing=_passing(context, moves),
            second=underway.second_homes(context, moves),
            migrations={
                service: tuple((file.name, file.sha256) for file in files) for service, files in migrations.items()
            },
        )


def write_page(path: str, report: Report) -> None:
    """Write the report as one HTML file."""
    from freehold.local.folder import write_atomically
    from freehold.prove.page import html

    write_atomically(Path(path), html(report).encode("utf-8"))


def _known_attacks(attacks: Iterable[str]) -> None:
    from freehold.family import members
    from freehold.prove.model import Attack

    names = list(members("freehold.prove.attacks", Attack))
    for attack in attacks:
        if attack not in names:
            raise FreeholdError(f'there is no attack "{attack}"', hint=nearest(attack, names))


def _identity(change: Mapping[str, object]) -> tuple[object, ...]:
    return tuple(change.get(key) for key in ("action", "kind", "name", "service", "instance", "database"))
