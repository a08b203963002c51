"""Reads what is there: catalogs, marks of earlier runs, and which tables hold rows."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from freehold.errors import FreeholdError, ServerError
from freehold.layouts.model import Placements
from freehold.ports import Session
from freehold.seed import catalog, marks
from freehold.seed.marks import Mark
from freehold.seed.model import ForeignKey, Table
from freehold.seed.run.world import World
from freehold.spec.model import Platform, TableName
from freehold.sqltext import keyword

GIVEN_ROWS_MAX = 200_000
"""Rows of a table that is left as it is among which others choose; kept in memory."""

WAIT_MS = 30_000.0
POLL_MS = 50.0

_SUPERUSER = keyword("SELECT rolsuper OR rolbypassrls FROM pg_catalog.pg_roles WHERE rolname = CURRENT_USER")


@dataclass(frozen=True)
class Survey:
    """The tables of the platform by name, the marks of earlier runs, and the tables that hold rows."""

    tables: dict[TableName, Table]
    marks: dict[TableName, Mark]
    filled: frozenset[TableName]


def survey(world: World, platform: Platform, placements: Placements) -> Survey:
    """Look into every database of the platform."""
    tables: dict[TableName, Table] = {}
    found: dict[TableName, Mark] = {}
    filled: set[TableName] = set()
    with ThreadPoolExecutor(8) as pool:
        for some, some_marks, some_filled in pool.map(
            lambda place: _database(world, placements, *place), placements.databases()
        ):
            tables.update({table.name: table for table in some})
            found.update(some_marks)
            filled.update(some_filled)
    return Survey(_declared(platform, dict(sorted(tables.items()))), found, frozenset(filled))


def given(world: World, table: Table, column: str) -> Sequence[str | None]:
    """The values of a column of a table that is left as it is."""
    primary = next((key.columns for key in table.keys if key.whole), tuple(one.name for one in table.columns))
    with world.owner(table.service) as session:
        rows = session.query(catalog.given(table.name, [column], primary, GIVEN_ROWS_MAX))
    return [None if row[0] is None else str(row[0]) for row in rows]


def count_given(world: World, table: Table) -> int:
    """How many rows of a table that is left as it is others may choose among."""
    with world.owner(table.service) as session:
        return int(str(session.query(catalog.count_given(table.name, GIVEN_ROWS_MAX))[0][0]))


def _database(
    world: World, placements: Placements, instance: str, database: str
) -> tuple[tuple[Table, ...], dict[TableName, Mark], set[TableName]]:
    where = {
        schema: (placement.service, instance, database)
        for placement in placements.within(instance, database)
        for schema in placement.schemas
    }
    if not where:
        return (), {}, set()
    schemas = sorted(where)
    try:
        session = world.servers.admin(instance, database)
    except ServerError as error:
        if error.sqlstate != "3D000":
            raise
        raise FreeholdError(
            f'database "{database}" on instance "{instance}" is not there yet', hint="Run `freehold apply` first."
        ) from None
    try:
        with session.transaction():
            session.execute(keyword("SET LOCAL TimeZone = 'UTC'"))
            tables = catalog.tables(
                where,
                session.query(catalog.columns(schemas)),
                session.query(catalog.keys(schemas)),
                session.query(catalog.constraints(schemas)),
                session.query(catalog.partitions(schemas)),
            )
        return tables, _marks(world, session, database), _filled(session, tables)
    finally:
        session.close()


def _marks(world: World, session: Session, database: str) -> dict[TableName, Mark]:
    control, ready = session.query(marks.READY)[0]
    if not control:
        raise FreeholdError(f'database "{database}" has no control schema yet', hint="Run `freehold apply` first.")
    if not ready:
        return {}
    found: dict[TableName, Mark] = {}
    for row in session.query(marks.read()):
        committed = row[9] is not None and _committed(world, session, str(row[9]), f"{row[0]}.{row[1]}")
        name, mark = marks.mark_of(row, committed)
        found[name] = mark
    return found


def _committed(world: World, session: Session, xid: str, table: str) -> bool:
    """Whether the last transaction of a killed run committed; one that still runs is waited for."""
    deadline = world.clock.monotonic_ms() + WAIT_MS
    while True:
        try:
            status = session.query(marks.status(xid))[0][0]
        except ServerError as error:
            if error.sqlstate == "22023":
                return False
            raise
        if status in ("committed", "aborted"):
            return status == "committed"
        if status is None or world.clock.monotonic_ms() >= deadline:
            raise FreeholdError(
                f'what became of the last rows of table "{table}" is not known: transaction {xid} '
                + ("is too old" if status is None else "is still running"),
                hint="Empty the table with --replace, or wait for the transaction to end.",
            )
        world.clock.sleep_ms(POLL_MS)


def _filled(session: Session, tables: Sequence[Table]) -> set[TableName]:
    """Tables with rows. Who may read them all looks; who may not takes their size on disk for it."""
    if not tables:
        return set()
    look = marks.which_have_rows if session.query(_SUPERUSER)[0][0] else marks.which_have_bytes
    rows = session.query(look([table.name for table in tables]))
    return {table.name for table, (has,) in zip(tables, rows, strict=True) if has}


def _declared(platform: Platform, tables: dict[TableName, Table]) -> dict[TableName, Table]:
    """The tables with the references that the declaration names across services."""
    for service in platform.services:
        for reference in service.references:
            table = tables.get(reference.table)
            if table is None or any(key.columns == reference.columns for key in table.foreign_keys):
                continue
            soft = ForeignKey("", reference.columns, reference.to_table, reference.to_columns, enforced=False)
            tables[reference.table] = replace(table, foreign_keys=(*table.foreign_keys, soft))
    return tables
