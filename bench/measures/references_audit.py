"""The check of references between two databases, against both COPYs alone and an anti-join over postgres_fdw."""

from __future__ import annotations

import resource
from collections.abc import Sequence
from dataclasses import replace

from bench.lab import Lab, lab
from bench.platforms import platform
from bench.table import Measure, Table, median, ratio, seconds
from bench.work import Silent
from freehold.audit.model import Report
from freehold.audit.run import audit
from freehold.layouts.placement import place
from freehold.local.clock import SystemClock
from freehold.spec.model import Platform, Reference, TableName
from freehold.sqltext import keyword, raw

_KEYS: dict[str, tuple[str, str]] = {
    "bigint": ("bigint", "g"),
    "uuid": ("uuid", "md5(g::text)::uuid"),
    "text": ("text", "'user-' || md5(g::text)"),
}
"""A type of key, and how its value is made of a number."""

ORPHANS = 1000


def _two() -> Platform:
    """Service s000 refers to s001, each in its database."""
    plain = platform(2)
    reference = Reference(TableName("s000", "line"), ("a",), TableName("s001", "account"), ("id",))
    first, second = plain.services
    return replace(plain, services=(replace(first, references=(reference,)), second))


def _fill(ours: Lab, kind: str, keys: int) -> None:
    name, value = _KEYS[kind]
    every = keys // ORPHANS
    for database, schema, text in (
        ("bench_s000", "s000", (f"CREATE TABLE s000.line (a {name}); INSERT INTO s000.line SELECT {value}"
         f" FROM generate_series(1, {keys}) g; CREATE INDEX ON s000.line (a)")),
        ("bench_s001", "s001", (f"CREATE TABLE s001.account (id {name}); INSERT INTO s001.account SELECT {value}"
         f" FROM generate_series(1, {keys}) g WHERE g % {every} <> 0; ALTER TABLE s001.account ADD PRIMARY KEY (id)")),
    ):  # fmt: skip
        session = ours.servers.admin("main", database)
        session.execute(raw(f"DROP SCHEMA IF EXISTS {schema} CASCADE; CREATE SCHEMA {schema}; {text}"))
        session.execute(keyword("VACUUM ANALYZE"))
        session.close()


def _database(ours: Lab) -> None:
    session = ours.servers.admin("main")
    for name in ("bench_s000", "bench_s001"):
        session.execute(raw(f"CREATE DATABASE {name}"))
    session.close()
    child = ours.servers.admin("main", "bench_s000")
    place_ = ours.servers.addresses()["main"]
    child.execute(
        raw(
            "CREATE EXTENSION postgres_fdw WITH SCHEMA public;"
            f"CREATE SERVER there FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '{place_.host}',"
            f" port '{place_.port}', dbname 'bench_s001', fetch_size '10000');"
            f"CREATE USER MAPPING FOR CURRENT_USER SERVER there OPTIONS (user '{place_.user}',"
            f" password '{place_.password}')"
        )
    )
    child.close()


def _check(ours: Lab) -> Report:
    what = _two()
    return audit(what, place(what), ours.servers, SystemClock(), Silent())


def _copies(ours: Lab) -> int:
    """Both streams read to their end, and nothing done with them."""
    lines = 0
    sessions = [ours.servers.admin("main", database) for database in ("bench_s000", "bench_s001")]
    with (
        sessions[0].stream(keyword("SELECT DISTINCT a FROM s000.line ORDER BY 1")) as one,
        sessions[1].stream(keyword("SELECT id FROM s001.account ORDER BY 1")) as other,
    ):
        streams: Sequence[object] = (one, other)
        while streams:
            streams = [stream for stream in streams if (block := next(stream, None)) and (lines := lines + len(block))]  # type: ignore[call-overload]
    for session in sessions:
        session.close()
    return lines


def _foreign(ours: Lab, kind: str) -> int:
    """What a person would write: the parent as a foreign table, and an anti-join."""
    session = ours.servers.admin("main", "bench_s000")
    session.execute(
        raw(
            "DROP FOREIGN TABLE IF EXISTS public.account; CREATE FOREIGN TABLE public.account"
            f" (id {_KEYS[kind][0]}) SERVER there OPTIONS (schema_name 's001', table_name 'account')"
        )
    )
    found = session.query(
        keyword(
            "SELECT DISTINCT a FROM s000.line c WHERE a IS NOT NULL"
            " AND NOT EXISTS (SELECT FROM public.account p WHERE p.id = c.a)"
        )
    )
    session.close()
    return len(found)


def _one(ours: Lab, kind: str, keys: int, runs: int) -> tuple[str, ...]:
    _fill(ours, kind, keys)
    report = _check(ours)
    if report.orphans != ORPHANS:
        raise SystemExit(f"{report.orphans} orphans were found among {kind} keys, {ORPHANS} are there")
    if _foreign(ours, kind) != ORPHANS:
        raise SystemExit("the peer did not find the orphans")
    checked = median(lambda: _check(ours), runs)
    floor = median(lambda: _copies(ours), runs)
    peer = median(lambda: _foreign(ours, kind), runs)
    both = 2 * keys
    return (
        f"{keys:,}",
        kind,
        seconds(checked),
        f"{both / checked / 1e6:.2f} M",
        seconds(floor),
        ratio(checked, floor),
        seconds(peer),
        ratio(checked, peer),
    )


def run(quick: bool) -> Table:
    """Three types of key, one server."""
    sizes = (100_000,) if quick else (200_000, 2_000_000)
    rows = []
    with lab(platform(2)) as ours:
        _database(ours)
        for keys in sizes:
            rows += [_one(ours, kind, keys, 1 if quick else 3) for kind in _KEYS]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return Table(
        title="References across databases",
        how=f"{ORPHANS} orphans among the keys of one reference; two databases of one instance, both columns indexed, "
        "every key once. Raw: both ordered COPYs drained by one client and nothing compared. Peer: an anti-join in the "
        "child's database over a postgres_fdw table (fetch_size 10000), which gives no second look.",
        columns=("keys on each side", "type", "check", "keys/s", "raw", "to raw", "postgres_fdw", "to postgres_fdw"),
        rows=tuple(rows),
        reading=f"Largest resident size of the benchmark's process: {peak:.0f} MB.",
    )


references_audit = Measure(run)
