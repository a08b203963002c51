"""Saves a service before it moves, and shows that the archive can be restored: by restoring it and comparing every row.

A run that died leaves a file ``.part`` and perhaps the scratch database; the next one, or ``sweep``, removes both.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import replace

from freehold.errors import LocalStateError, ServerError, Unverified
from freehold.move import backup
from freehold.move.backup import Manifest
from freehold.move.catalog import inventory, question
from freehold.move.checksum import Sum, checksum, compared, result
from freehold.move.events import TableSaved
from freehold.move.model import Inventory, Move, Side
from freehold.move.run import desk
from freehold.move.run.world import World
from freehold.ports import Archiver, Backups, Session
from freehold.spec.model import TableName
from freehold.sqltext import ident, join, literal, sql

_WORKERS = 2


def back_up(world: World, archiver: Archiver, backups: Backups, move: Move) -> Manifest:
    """Save the service, restore it into a scratch database on the target's instance, and compare.

    Raises Unverified when a row is not as it was, ServerError or LocalStateError when it could not be tried.
    """
    take(world, archiver, backups, move)
    return prove(world, archiver, backups, move)


def take(world: World, archiver: Archiver, backups: Backups, move: Move) -> Manifest:
    """Save the service as one snapshot shows it, and note what that snapshot holds."""
    name = backup.name(move.id)
    with ExitStack() as stack:
        holder = desk.session(stack, world.servers, move.source)
        desk.begin(holder)
        snapshot, _ = desk.exported(holder)
        mine = _inventory(holder, move, move.source)
        positions = desk.session(stack, world.servers, move.source)
        low = _positions(positions, mine)
        path = backups.begin(name)
        with ThreadPoolExecutor(1) as pool:
            summing = pool.submit(_sums, world, move.source, mine, snapshot, "summed")
            program = archiver.save(move.source.instance, move.source.database, move.schemas, snapshot, path)
            tables = summing.result()
        high = _positions(positions, mine)
    size, digest = backups.finish(name)
    found = Manifest(
        move=move.id,
        service=move.service,
        instance=move.source.instance,
        database=move.source.database,
        schemas=move.schemas,
        program=program,
        made_at=world.clock.now_iso(),
        bytes=size,
        sha256=digest,
        tables=tables,
        sequences={one: (low[one], high[one]) for one in low},
        left_out=(f"{mine.large_objects} large objects",) if mine.large_objects else (),
    )
    backups.note(name, backup.document(found))
    return found


def prove(world: World, archiver: Archiver, backups: Backups, move: Move) -> Manifest:
    """Restore the archive of a move into a scratch database and compare it with its manifest."""
    name = backup.name(move.id)
    found = backup.manifest(backups.noted(name))
    if backups.measure(name) != (found.bytes, found.sha256):
        raise LocalStateError(
            f'the archive "{backups.path(name)}" is not the one that was made: its bytes have changed',
            hint="Do not use it. Make the backup again, and see whether the disk is sound.",
        )
    side = Side(move.target.instance, backup.scratch(move.id))
    try:
        _make_scratch(world, move, side)
        lacking = archiver.load(side.instance, side.database, backups.path(name))
        with world.admin(side) as session:
            there = _inventory(session, move, side)
            positions = _positions(session, there)
        held = {one.name for one in there.stored}
        some = replace(there, tables=tuple(one for one in there.tables if one.name in found.tables))
        tables = _sums(world, side, some, "", "compared")
        wrong = backup.wrong(found, {one: tables[one] for one in tables if one in held}, positions)
    finally:
        sweep(world, move)
    if wrong:
        raise Unverified(
            f"the backup was restored and is not what was saved: {'; '.join(wrong[:5])}"
            + (f"; and {len(wrong) - 5} more" if len(wrong) > 5 else ""),
            hint="Nothing was moved. Make the backup again; if it happens again, see whether the disk is sound.",
        )
    proven = replace(found, lacking=lacking, verified_at=world.clock.now_iso())
    backups.note(name, backup.document(proven))
    return proven


def sweep(world: World, move: Move) -> None:
    """Remove the scratch database of a move, if it is there."""
    with closing(world.servers.admin(move.target.instance)) as session:
        session.execute(sql("DROP DATABASE IF EXISTS {} WITH (FORCE)", ident(backup.scratch(move.id))))


def _make_scratch(world: World, move: Move, side: Side) -> None:
    sweep(world, move)
    with world.admin(move.source) as source:
        ((*locale,),) = source.query(backup.LOCALE)
        extensions = source.query(backup.EXTENSIONS)
    with closing(world.servers.admin(side.instance)) as session:
        try:
            session.execute(backup.create(side.database, locale))
        except ServerError as error:
            raise ServerError(
                f'no database to try the backup in can be made on instance "{side.instance}": {error.message}',
                hint="The target must know the source's encoding and locale, and have room for the service's data.",
                sqlstate=error.sqlstate,
            ) from None
        # it holds the rows of a service: nobody but Freehold may look in
        session.execute(sql("REVOKE ALL ON DATABASE {} FROM PUBLIC", ident(side.database)))
    with world.admin(side) as session:
        for extension, schema in extensions:
            try:
                session.execute(sql("CREATE SCHEMA IF NOT EXISTS {}", ident(str(schema))))
                session.execute(sql("CREATE EXTENSION {} SCHEMA {}", ident(str(extension)), ident(str(schema))))
            except ServerError as error:
                raise ServerError(
                    f'extension "{extension}" cannot be made on instance "{side.instance}": {error.message}',
                    hint="Install it on the target's server: the service may need it there.",
                    sqlstate=error.sqlstate,
                ) from None


def _inventory(session: Session, move: Move, side: Side) -> Inventory:
    roles = {move.source_roles.owner, move.source_roles.app}
    ((answer,),) = session.query(question(move.schemas, sorted(roles)))
    return inventory(side, move.schemas, str(answer))


def _sums(world: World, side: Side, mine: Inventory, snapshot: str, what: str) -> Mapping[TableName, Sum]:
    """The checksum of every table, some at a time, the largest first; all under ``snapshot`` where it is given."""
    left = sorted(mine.stored, key=lambda one: one.bytes)
    found: dict[TableName, Sum] = {}

    def hand() -> None:
        with ExitStack() as stack:
            session = desk.session(stack, world.servers, side)
            desk.begin(session, snapshot)
            while left:
                try:
                    table = left.pop()
                except IndexError:
                    return
                found[table.name] = result(session.query(checksum(table.name, compared(table)))[0])
                name = f"{table.name.schema}.{table.name.table}"
                world.tell(TableSaved(what, name, len(found), len(mine.stored)))

    _together(hand, min(_WORKERS, len(left)))
    return {name: found[name] for name in sorted(found, key=lambda one: (one.schema, one.table))}


def _together(hand: Callable[[], None], count: int) -> None:
    if count:
        with ThreadPoolExecutor(count) as pool:
            for future in [pool.submit(hand) for _ in range(count)]:
                future.result()


def _positions(session: Session, mine: Inventory) -> Mapping[TableName, int]:
    """Where the sequences stand that do not begin again at their end: last_value."""
    names: Sequence[TableName] = [one.name for one in mine.sequences if not one.cycle]
    if not names:
        return {}
    rows = session.query(
        join(
            " UNION ALL ",
            [
                sql("SELECT {}, {}, last_value FROM {}", literal(n.schema), literal(n.table), ident(n.schema, n.table))
                for n in names
            ],
        )
    )
    return {TableName(str(schema), str(name)): int(str(value)) for schema, name, value in rows}
