"""How fast rows are compared: Freehold's checksum and both sides at once, against the formulas of other tools."""

from __future__ import annotations

from contextlib import ExitStack

from bench.lab import Lab, lab
from bench.platforms import platform
from bench.table import Measure, Table, median, ratio, seconds
from freehold.local.clock import SystemClock
from freehold.move.catalog import inventory, question
from freehold.move.checksum import PINNED, checksum, compared
from freehold.move.model import Side
from freehold.move.run import desk
from freehold.move.run.aligned import Pair
from freehold.move.run.comparing import Comparing
from freehold.move.verify import chunks
from freehold.move.verify.changes import Touched
from freehold.move.verify.rounds import Left, begin
from freehold.pg.session import PgSession
from freehold.spec.model import TableName
from freehold.sqltext import Sql, keyword, raw

_MADE = """
CREATE SCHEMA s; CREATE TYPE s.status AS ENUM ('new', 'paid', 'sent');
CREATE TABLE s.t (id bigint PRIMARY KEY, cust integer, amt numeric(12, 2), ref text, ts timestamptz, ok boolean,
    meta jsonb, status s.status);
"""
_FILLED = """
INSERT INTO s.t SELECT i, i % 5000, i / 7.0, 'ref-' || md5(i::text), timestamptz '2026-01-01 UTC' + i * interval '1 s',
    i % 3 = 0, jsonb_build_object('a', i, 'b', 'text ' || i % 100), (ARRAY['new', 'paid', 'sent'])[1 + i % 3]::s.status
    FROM generate_series(1, {}) AS i
"""
_COLUMNS = ("id", "cust", "amt", "ref", "ts", "ok", "meta", "status")
_JOINED = ", '|', ".join(f"coalesce({name}::text, '')" for name in _COLUMNS)

OTHERS: tuple[tuple[str, Sql], ...] = (
    ("count(*): a scan and nothing else", keyword("SELECT count(*) FROM s.t")),
    (
        "formula of pgcopydb: 32 bits, sum of hashtext(row::text)",
        keyword("SELECT count(1), sum(pg_catalog.hashtext(t::text)::bigint) FROM s.t AS t"),
    ),
    (
        "formula of data-diff: 60 bits of md5, summed",
        raw(f"SELECT count(*), sum(('x' || substring(md5(concat({_JOINED})), 18))::bit(60)::bigint) FROM s.t"),
    ),
    (
        "formula of ACE: sha256 of string_agg in blocks of 10,000",
        raw(
            "SELECT count(*), sum(length(h)) FROM (SELECT sha256(convert_to(string_agg("
            f"concat({_JOINED}), '' ORDER BY id), 'UTF8')) AS h FROM s.t GROUP BY id / 10000) AS b"
        ),
    ),
)
_SIDES = (Side("main", "bench_a"), Side("main", "bench_b"))


def _two(ours: Lab, rows: int) -> None:
    session = ours.servers.admin("main")
    for side in _SIDES:
        session.execute(raw(f"DROP DATABASE IF EXISTS {side.database}"))
        session.execute(raw(f"CREATE DATABASE {side.database}"))
    session.close()
    for side in _SIDES:
        session = ours.servers.admin("main", side.database)
        session.execute(raw(_MADE))
        session.execute(raw(_FILLED.format(rows)))
        session.execute(keyword("VACUUM ANALYZE s.t"))
        session.close()


def _both(ours: Lab, shape: chunks.Shape, session: PgSession, workers: int) -> int:
    """Every piece of the table on both sides, as a verification compares it."""
    with ExitStack() as stack:
        readers = [desk.session(stack, ours.servers, side) for side in _SIDES]
        for reader in readers:
            desk.begin(reader)
        pair = Pair(*(desk.exported(reader)[0] for reader in readers), Touched(), Touched())
        count = chunks.parts(shape, 50_000)
        cuts = [tuple(map(str, row)) for row in session.query(chunks.bounds(shape, count))] if count > 1 else []
        left = Left(shape, chunks=list(chunks.chunks(shape, count, cuts)))
        comparing = Comparing(
            stack, ours.servers, SystemClock(), lambda event: None, *_SIDES, workers=workers, counts=False, total=0
        )
        (done,) = comparing.round([begin(left, frozenset(), set(), whole=False)], pair, 1e12)
        if done.differences or done.late:
            raise SystemExit("two equal tables were not found equal")
        return done.rows


def run(quick: bool) -> Table:
    """One server, two databases with the same rows, at three sizes."""
    runs = 1 if quick else 5
    found: list[tuple[str, ...]] = []
    for rows in (50_000,) if quick else (200_000, 1_000_000, 4_000_000):
        took = _one(rows, runs)
        floor, peer = took[0][1], took[1][1]
        found += [
            (f"{rows:,}", name, seconds(time), f"{rows / time / 1e6:.2f} M", ratio(time, floor), ratio(time, peer))
            for name, time in took
        ]
    return Table(
        title="Comparing rows",
        how=f"Rows of eight columns (numeric, text, timestamptz, jsonb, enum among them), median of {runs}, "
        "one server, data in memory-backed storage, no parallel query. The formulas of other tools are sent as SQL, of "
        "one side only; the last two lines are whole comparisons of two databases, sessions and cutting included.",
        columns=("rows", "what", "time", "rows/s", "to count(*)", "to pgcopydb's formula"),
        rows=tuple(found),
    )


def _one(rows: int, runs: int) -> list[tuple[str, float]]:
    """Each way to compare so many rows, and the seconds that it takes."""
    with lab(platform(1)) as ours:
        _two(ours, rows)
        session = ours.servers.admin("main", _SIDES[0].database)
        session.execute(PINNED)
        ((answer,),) = session.query(question(["s"], []))
        table = inventory(_SIDES[0], ["s"], str(answer)).table(TableName("s", "t"))
        session.execute(keyword("SET max_parallel_workers_per_gather = 0; SET statement_timeout = 0"))
        took = [(name, median(lambda formula=formula: session.query(formula), runs)) for name, formula in OTHERS]  # type: ignore[misc]
        took.append(
            (
                "Freehold's checksum: 128 bits and the sum of products",
                median(lambda: session.query(checksum(table.name, compared(table))), runs),
            )
        )
        shape = chunks.shape(table)
        for workers in (1, 2):
            if _both(ours, shape, session, workers) != rows:
                raise SystemExit("not every row was compared")
            name = f"Freehold, both sides in pieces of 50,000 rows, {workers} at a time"
            took.append((name, median(lambda: _both(ours, shape, session, workers), runs)))  # noqa: B023
        session.close()
    return took


verify_rows = Measure(run)
