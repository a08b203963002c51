"""Fill tables with made-up rows, against COPY of the very same bytes kept in memory."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from functools import partial

from bench.lab import Lab, lab
from bench.platforms import design
from bench.table import Measure, Table, ratio, seconds, timed
from bench.work import Silent, apply_all, plan_of
from freehold.apply.run import LOCK_WAIT_MS
from freehold.apply.run.world import World as ApplyWorld
from freehold.cli.seeding import LentDoors
from freehold.found.journal import Run
from freehold.local.clock import SystemClock
from freehold.local.commands import ShellCommands
from freehold.plan.model import Design, MigrationFile
from freehold.seed import marks
from freehold.seed.maker import CHUNK_ROWS
from freehold.seed.plan import Request
from freehold.seed.recipe import Recipe, read_recipe
from freehold.seed.run import Planned, World, fill, prepare
from freehold.spec.model import Layout, Migrations, Platform, Server, ServerKind, Service, TableName
from freehold.sqltext import ident, join, sql

_SQL = """
create table shop.account (
  id bigint generated always as identity primary key, email text not null unique, full_name text not null,
  country char(2) not null, created_at timestamptz not null
);
create table shop.purchase (
  id uuid primary key, account_id bigint not null references shop.account, status text not null,
  amount numeric(12, 2) not null check (amount > 0), placed_at timestamptz not null, note text
);
create index on shop.purchase (account_id);
create table shop.tick (
  at timestamptz not null, symbol text not null, price numeric(18, 6) not null, size integer not null,
  venue text not null
);
"""
_RECIPE = """
window: {from: 2026-01-01, to: 2026-07-01}
tables:
  shop.account:
    rows: 1
    columns: {email: email, full_name: name, country: country, created_at: {timestamp: {daily: business}}}
  shop.purchase:
    rows: 4
    columns:
      account_id: {foreign: {to: shop.account(id), exponent: 0.9}}
      status: {choice: {paid: 90, open: 7, cancelled: 3}}
      amount: {money: {median: 40}}
      placed_at: {timestamp: {order: rising, daily: evening}}
      note: {text: 4..9, nulls: 0.7}
  shop.tick:
    rows: 5
    columns:
      at: {timestamp: {order: rising, daily: market, weekly: workdays}}
      symbol: {zipf: {of: [SPY, AAPL, MSFT, NVDA, TSLA, AMZN, META, GOOG], exponent: 0.9}}
      price: {walk: {of: symbol, start: 150, decimals: 4}}
      size: {lognormal: {median: 100, decimals: 0, min: 1, max: 1000000}}
      venue: {choice: {XNAS: 5, ARCX: 3, BATS: 2}}
"""


def _platform() -> Platform:
    service = Service("shop", ("shop",), migrations=Migrations(folder="shop"))
    return Platform("bench", Layout.DATABASE_PER_SERVICE, (Server("main", ServerKind.EMBEDDED),), (service,))


def _design(what: Platform) -> Design:
    file = MigrationFile("001.sql", hashlib.sha256(_SQL.encode()).hexdigest(), _SQL, transactional=True)
    return replace(design(what, migrations=False), migrations={"shop": (file,)})


def _read(anchor: int) -> Recipe:
    return read_recipe("seed.yaml", _RECIPE, {}, anchor)


def _doors(ours: Lab) -> LentDoors:
    run = Run("", "bench", "bench")
    apply_world = ApplyWorld(ours.servers, ours.secrets, SystemClock(), ShellCommands(), Silent(), run, 0, LOCK_WAIT_MS)
    return LentDoors(apply_world, ours.placements)


def _once(rows: int, workers: int) -> tuple[str, ...]:
    what = _platform()
    with lab(what) as ours, _doors(ours) as doors:
        apply_all(ours, _design(what), plan_of(ours, _design(what)))
        world = World(ours.servers, doors, SystemClock(), Silent())
        planned = prepare(world, what, ours.placements, _read, Request("1", rows), frozenset())
        took = timed(lambda: fill(world, planned, workers))
        names = [name for name in planned.order if planned.tasks[name].rows]
        owner = doors.open("shop")
        owner.execute(sql("TRUNCATE {}", join(", ", (ident(name.schema, name.table) for name in names))))
        size, raw, made = 0, 0.0, 0.0
        for name in names:
            blocks, seconds_made, columns = _made(planned, name)
            size += sum(map(len, blocks))
            made += seconds_made
            raw += timed(partial(owner.copy_in, marks.copy(name, columns), blocks))
        owner.close()
    return (
        f"{planned.rows:,}",
        str(workers),
        f"{size / 1e6:.0f} MB",
        seconds(took),
        seconds(raw),
        seconds(made),
        f"{planned.rows / took:,.0f}",
        f"{planned.rows / raw:,.0f}",
        ratio(took, raw),
    )


def _made(planned: Planned, name: TableName) -> tuple[list[bytes], float, list[str]]:
    """The bytes of a table, the seconds it took to make them, and its columns."""
    maker = planned.makers.of(name)
    assert maker is not None
    count = planned.tasks[name].rows
    blocks: list[bytes] = []

    def work() -> None:
        blocks.extend(maker.block(range(at, min(at + CHUNK_ROWS, count))) for at in range(0, count, CHUNK_ROWS))

    return blocks, timed(work), [column.name for column, _ in maker.copied()]


def run(quick: bool) -> Table:
    """One fresh instance for each size."""
    sizes = ((50_000, 1), (50_000, 2)) if quick else ((200_000, 1), (200_000, 2), (2_000_000, 2))
    return Table(
        title="Made-up rows against raw COPY",
        how="Three tables (a key and a unique index; a key, a foreign key and an index; none) on a fresh instance in "
        "memory-backed storage. Raw COPY: one statement for each table, the bytes that the recipe made, already in "
        "memory, over the same driver. Making alone: the same bytes without a server.",
        columns=(
            "rows",
            "workers",
            "bytes",
            "freehold seed",
            "raw COPY",
            "making alone",
            "rows/s",
            "rows/s raw",
            "to raw",
        ),
        rows=tuple(_once(*size) for size in sizes),
        reading="The floor is raw COPY: what is above it is making the rows, which overlaps with the server's work as "
        "far as there are cores, noting each batch, and ANALYZE.",
    )


seed_against_raw_copy = Measure(run)
