"""What services read across databases while one of them moves: the links that a new home needs before views can stand
there, those that lead to the service, and what takes the place of its old tables for those who stay."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from freehold.cli import verbs
from freehold.cli.context import Context
from freehold.cli.made import LOGINS
from freehold.errors import FreeholdError
from freehold.layouts.model import Link, Place
from freehold.local.movesfile import Known
from freehold.move.model import TARGET, Dependent, Move
from freehold.plan.model import Step
from freehold.spec.model import Platform, Service, TableName, Via

if TYPE_CHECKING:
    from freehold.cli.made import Made
    from freehold.sqltext import Sql

_AT_READER = frozenset({"extension", "foreign_server", "user_mapping", "mirror"})
_AT_SOURCE = frozenset({"database_access", "link_grants"})
_COPIES = frozenset({"publication", "replication_slot", "subscription", "refresh_subscription"})
_ENDS = frozenset(
    {"drop_foreign_server", "drop_mirror", "drop_publication", "drop_replication_slot", "drop_subscription"}
)
_SYNC_MS = 300_000.0
Chosen = Callable[[Step], bool]


def used(context: Context, move: Move) -> frozenset[TableName]:
    """The tables of others that something reads which the service takes along."""
    from freehold.cli.movechecks import facts_of
    from freehold.move.crossing import uses

    if not context.platform.service(move.service).reads:
        return frozenset()
    facts = facts_of(context, move)
    return frozenset(use.to for use in uses(facts) if use.schema in move.schemas and use.to in facts.near.relations)


def lead(context: Context, move: Move, tables: frozenset[TableName]) -> None:
    """Make what the service reads of others readable at its new home, before it comes there: rights where both will
    live in one database, links else. Copies are waited for. ``tables`` are what its views stand upon. May run again.

    Raises FreeholdError where one of these could not be made readable, and warns of what else the service declares and
    no link can show.
    """
    from freehold.local.clock import SystemClock
    from freehold.plan.linknotes import not_mirrored

    _remember(context, move)
    there = context.at({move.service: move.goes})
    here = (move.target.instance, move.target.database)
    links = tuple(one for one in _of(there, move.service) if one.reader == here)
    notes = _apply(there, lambda step: _makes(step, there, links, copies=True) or _reads(step, move)).plan.notes
    found, design = verbs.look(there), verbs.design_of(there, authoritative=False)
    for link in links:
        for note in not_mirrored(design, found, link):
            context.out.warn(note)
    clock = SystemClock()
    deadline = clock.monotonic_ms() + _SYNC_MS
    while missing := sorted(_missing(there, links, tables)):
        if clock.monotonic_ms() >= deadline or not any(one.replica_login for one in links):
            raise FreeholdError(
                f'{", ".join(missing)} cannot be read at the new home of service "{move.service}"',
                hint="; ".join(notes) or "`freehold plan` says what is missing. Run the move again after that.",
            )
        clock.sleep_ms(200)


def foresee(context: Context, move: Move, steps: Iterable[Step]) -> None:
    """Remember that the move makes links, where one of ``steps`` makes a login for one."""
    there = context.at({move.service: move.goes}).placements
    new = {login.role for login in there.link_logins} - {login.role for login in context.placements.link_logins}
    if any(step.kind in LOGINS and _role(step) in new for step in steps):
        _remember(context, move)


def given_up(context: Context, entry: Known) -> None:
    """End what the move has made of links at its target, where it made any."""
    if entry.linked:
        unlead(context, entry.move, TARGET)


def _remember(context: Context, move: Move) -> None:
    """Say that the move makes links, before it does: in the database of its source, and on this machine."""
    from freehold.move.state import MADE_LINKS, note

    session = context.servers.admin(move.source.instance, move.source.database)
    try:
        session.execute(note(move, {MADE_LINKS: True}))
    finally:
        session.close()
    for entry in context.moves.read():
        if entry.move.id == move.id and not entry.linked:
            context.moves.put(replace(entry, linked=True))


def relead(context: Context, move: Move) -> None:
    """Lead the foreign tables that others have of the service's tables to its new home, before the old ones are put
    away: each changes over in one transaction."""
    links = tuple(
        one
        for one in context.placements.links
        if one.source == (move.target.instance, move.target.database)
        and any(table.owner == move.service for table in one.through(Via.FOREIGN_TABLE))
    )
    if links:
        _apply(context, lambda step: _makes(step, context, links, copies=False))


def mirrored(context: Context, move: Move) -> Mapping[str, tuple[Sql, ...]]:
    """For each schema of the service that others at its old home read as foreign tables, what makes these.

    Enums and domains are no copies: views have columns of them, so they come from where the old tables were put."""
    from freehold.move.run.retiring import retired
    from freehold.plan.linked import mirrors
    from freehold.plan.mirror import TEXT, Mirror, changes
    from freehold.plan.mirror_types import adopted

    put_away = dict(zip(move.schemas, retired(move), strict=True))
    old = (move.source.instance, move.source.database)
    design = verbs.design_of(context, authoritative=False)
    if not any(one.reader == old and {*one.schemas} & {*move.schemas} for one in context.placements.links):
        return {}
    found = verbs.look(context)
    made: dict[str, tuple[Sql, ...]] = {}
    for one in mirrors(design, found):
        if one.link.reader != old or one.schema not in move.schemas:
            continue
        foreign = replace(one, link=replace(one.link, tables=one.link.through(Via.FOREIGN_TABLE)))
        if foreign.link.tables:
            mirror = foreign.want(found)
            there = tuple(kind for kind in mirror.types if kind.name != TEXT)
            schema, *rest = changes(mirror, Mirror(one.schema, there, there=False), one.owner, one.acting_as)
            made[one.schema] = (schema, *adopted(put_away[one.schema], one.schema, there, one.owner), *rest)
    return made


def unlead(context: Context, move: Move, side: str) -> None:
    """Remove the links that a side where the service does not live had for it: those through which it read there, and
    those through which others read it there. Nothing happens where there are none."""
    here = (move.place(side).instance, move.place(side).database)
    there = context.at({move.service: move.goes if side == TARGET else move.came})
    own = [one for one in _of(there, move.service) if one.reader == here]
    own = [one for one in own if all(table.readers == (move.service,) for table in one.tables)]
    to_it = [one for one in there.placements.links if one.source == here and {*one.schemas} <= {*move.schemas}]
    names = {one.name for one in (*own, *to_it)} - {one.name for one in context.placements.links}
    if not names:
        return
    schemas = {schema for one in own if one.name in names for schema in one.schemas}
    logins = {(one.source[0], login) for one in (*own, *to_it) for login in _logins(there, one)}
    logins -= {(one.source[0], one.role) for one in context.placements.link_logins}
    there.__dict__["loaded"] = (_without_reads(there.platform, move), ())
    there.__dict__.pop("placements", None)

    def ends(step: Step) -> bool:
        mirror = (step.instance, step.database) == here and step.name in schemas
        link = step.kind in _ENDS and (step.name in names or mirror)
        return link or (step.kind == "drop_link_login" and (step.instance, _role(step)) in logins)

    _apply(there, ends, allow_destroy=True)


def _without_reads(platform: Platform, move: Move) -> Platform:
    """The platform as if the service neither read others nor were read by them."""

    def left(service: Service, tables: tuple[TableName, ...]) -> tuple[TableName, ...]:
        return () if service.name == move.service else tuple(one for one in tables if one.schema not in move.schemas)

    return replace(
        platform,
        services=tuple(
            replace(one, reads=left(one, one.reads), replicas=left(one, one.replicas)) for one in platform.services
        ),
    )


def refuse_standing(context: Context, move: Move, upon: Iterable[Dependent], together: Iterable[str]) -> None:
    """Raise FreeholdError where something of another service stands on the old tables and could not be put onto what
    takes their place: nobody declares it, or its own move is under way and does not end ``together`` with this one."""
    services = {schema: one for one in context.platform.services for schema in one.schemas}
    under_way = {one.move.service for one in context.moves.read() if not one.ended} - {*together}
    for one in upon:
        if one.uses_schema not in move.schemas or one.schema in move.schemas or one.kind == "default value":
            continue
        service = services.get(one.schema)
        reads = service.reads if service is not None else ()
        if not any(read.schema == one.uses_schema and read.table in (one.uses_name, "*") for read in reads):
            raise FreeholdError(
                f'{one.kind} {one.name} reads {one.uses} of service "{move.service}", and nobody declares it',
                hint="Declare it under reads:, or drop it; then run the command again.",
            )
        if service is not None and service.name in under_way:
            raise FreeholdError(
                f'{one.kind} {one.name} of service "{service.name}", which is on the move itself, reads {one.uses}',
                hint="Complete that move first, or both in one command:"
                f" freehold move complete --service {service.name} --service {move.service}",
            )


def _of(context: Context, service: str) -> Iterator[Link]:
    """The links through which a service reads."""
    for link in context.placements.links:
        if any(service in table.readers for table in link.tables):
            yield link


def _makes(step: Step, there: Context, links: Collection[Link], *, copies: bool) -> bool:
    """Whether a step makes these links, or what they need at either end."""
    if step.destructive:
        return False
    place: Place = (step.instance, step.name if step.kind == "database_access" else step.database or "")
    readers, sources = {one.reader for one in links}, {one.source for one in links}
    if step.kind in _AT_READER:
        return place in readers
    if step.kind in _AT_SOURCE:
        return place in sources
    if step.kind in _COPIES:
        return copies and step.name in {one.name for one in links}
    if step.kind == "host_based_access":
        return step.instance in {source[0] for source in sources}
    logins = {(one.source[0], login) for one in links for login in _logins(there, one)}
    logins |= {(one.reader[0], there.placements.roles.mirror) for one in links}
    return step.kind in ("role", "password", "role_setting") and (step.instance, _role(step)) in logins


def _reads(step: Step, move: Move) -> bool:
    """Whether a step lets the service read where both live in one database."""
    place = (step.instance, step.database)
    return (
        step.kind == "reads" and step.service == move.service and place == (move.target.instance, move.target.database)
    )


def _logins(context: Context, link: Link) -> set[str]:
    readers = {reader for table in link.through(Via.FOREIGN_TABLE) for reader in table.readers}
    return {context.placements.of(reader).roles.link for reader in readers} | ({link.replica_login} - {""})


def _role(step: Step) -> str:
    """The role that a step is about, where it is about one."""
    role = getattr(step, "role", step.name)
    return role if isinstance(role, str) else step.name


def _apply(context: Context, chosen: Chosen, *, allow_destroy: bool = False) -> Made:
    made = verbs.plan(context, authoritative=False, allow_destroy=allow_destroy, services=(), moving=True)
    made = replace(made, plan=replace(made.plan, steps=tuple(step for step in made.plan.steps if chosen(step))))
    if made.plan.steps:
        verbs.apply(context, replace(made, plan=replace(made.plan, notes=())), wait_ms=60_000)
    return made


def _missing(context: Context, links: Collection[Link], tables: frozenset[TableName]) -> Iterator[str]:
    """What cannot be read yet of the tables that links stand for, or shall: not there, or still being copied."""
    from freehold.plan.linked import mirrors, subscription_of
    from freehold.spec.names import show_table

    found = verbs.look(context)
    for want in mirrors(verbs.design_of(context, authoritative=False), found):
        if want.link not in links:
            continue
        have, following = want.have(found), subscription_of(found, want.link)
        done = set(following.tables) - set(following.syncing) if following is not None else set()
        named = {one.table for one in tables if one.schema == want.schema}
        for name in sorted(named | {one.name for one in want.want(found).tables}):
            table = have.table(name)
            if table is None or not (table.server or (want.schema, name) in done):
                yield show_table(TableName(want.schema, name))
