"""How long the rows of a move take, with their indexes: against pgcopydb, pg_dump and a native subscription."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from bench.lab import Lab, lab
from bench.platforms import platform
from bench.table import Measure, Table, ratio, seconds, timed
from freehold.found.control import control_sql
from freehold.layouts.model import ServiceRoles
from freehold.local.clock import SystemClock
from freehold.move import control
from freehold.move.model import Move, Side
from freehold.move.run import structure
from freehold.move.run.copying import copy_rows
from freehold.move.run.following import end
from freehold.move.run.look import look
from freehold.move.run.world import World
from freehold.pg.dump import PgDumps
from freehold.sqltext import raw

_ROLES = ServiceRoles("postgres", "postgres", "postgres")
_MOVE = Move("000bbbbb", "bench", "s", "", Side("main", "from_here"), Side("main", "to_there"), ("s",), _ROLES, _ROLES)
_JOBS = 2
_TABLE = """
CREATE TABLE s.t{n} (id bigint PRIMARY KEY, cust int NOT NULL, amt numeric(12, 2), ref text, ts timestamptz,
    meta jsonb);
"""
_ROWS = """
INSERT INTO s.t{n} SELECT i, i % 5000, i / 7.0, 'ref-' || md5(i::text),
    timestamptz '2026-01-01 UTC' + i * interval '1 s', jsonb_build_object('a', i, 'b', 'text ' || i % 100)
    FROM generate_series(1, {rows}) AS i;
"""
_INDEXES = "CREATE INDEX t{n}_cust ON s.t{n} (cust); CREATE INDEX t{n}_ts ON s.t{n} (ts);"


def _prepared(ours: Lab, rows: int, tables: int) -> None:
    session = ours.servers.admin("main")
    for name in ("from_here", "to_there"):
        session.execute(raw(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
    session.execute(raw("CREATE DATABASE from_here"))
    session.close()
    source = ours.servers.admin("main", "from_here")
    source.execute(raw("CREATE SCHEMA s"))
    for n in range(tables):
        source.execute(raw((_TABLE + _ROWS + _INDEXES).format(n=n, rows=rows // tables)))
    source.execute(raw("ANALYZE"))
    for statement in (*control_sql(), *control.control_sql()):
        source.execute(statement)
    source.close()


def _target(ours: Lab, *, control_too: bool) -> None:
    session = ours.servers.admin("main")
    session.execute(raw("DROP DATABASE IF EXISTS to_there WITH (FORCE)"))
    session.execute(raw("CREATE DATABASE to_there"))
    session.execute(raw("CHECKPOINT"))
    session.close()
    if control_too:
        target = ours.servers.admin("main", "to_there")
        for statement in (raw("CREATE SCHEMA s"), *control_sql(), *control.control_sql()):
            target.execute(statement)
        target.close()


def _freehold(ours: Lab) -> float:
    _target(ours, control_too=True)
    places = ours.servers.addresses()
    dumps = PgDumps(places, {"main": 18}, ())
    world = World(ours.servers, ours.secrets, SystemClock(), dumps, "bench")
    inventory = look(world, _MOVE, _MOVE.source)

    def work() -> None:
        structure.before(world, _MOVE, inventory)
        copy_rows(world, _MOVE, inventory, _JOBS)
        structure.after(world, _MOVE, inventory, _JOBS)

    took = timed(work)
    with world.session(_MOVE.source) as source, world.session(_MOVE.target) as target:
        end(_MOVE, source, target, "f")
    return took


def _program(ours: Lab, words: list[str], folder: Path) -> None:
    place = ours.servers.addresses()["main"]
    told = {
        **os.environ,
        "PATH": f"{ours.bin}:{os.environ['PATH']}",
        "PGHOST": place.host,
        "PGPORT": str(place.port),
        "PGUSER": place.user,
        "PGPASSWORD": place.password,
        "TMPDIR": str(folder),
        "XDG_DATA_HOME": str(folder),
        "XDG_RUNTIME_DIR": str(folder),
    }
    done = subprocess.run(words, env=told, cwd=folder, capture_output=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{words[0]}: {done.stderr[-1500:].decode(errors='replace')}")


def _pgcopydb(ours: Lab, *more: str) -> float:
    _target(ours, control_too=False)
    place = ours.servers.addresses()["main"]
    with tempfile.TemporaryDirectory(prefix="freehold-bench-", dir="/dev/shm") as name:
        url = f"postgresql://{place.user}:{place.password}@{place.host}:{place.port}/"
        words = ["pgcopydb", "clone", "--source", url + "from_here", "--target", url + "to_there"]
        words += [
            "--table-jobs",
            str(_JOBS),
            "--index-jobs",
            str(_JOBS),
            "--not-consistent",
            "--dir",
            f"{name}/work",
            *more,
        ]
        return timed(lambda: _program(ours, words, Path(name)))


def _dump_and_restore(ours: Lab) -> float:
    _target(ours, control_too=False)
    with tempfile.TemporaryDirectory(prefix="freehold-bench-", dir="/dev/shm") as name:

        def work() -> None:
            jobs = ["-j", str(_JOBS)]
            _program(ours, ["pg_dump", "-Fd", "-Z0", *jobs, "-n", "s", "-f", f"{name}/d", "from_here"], Path(name))
            _program(ours, ["pg_restore", *jobs, "-d", "to_there", f"{name}/d"], Path(name))

        return timed(work)


def _subscription(ours: Lab) -> float:
    """The tables with their indexes are there beforehand, as PostgreSQL's manual has it."""
    _target(ours, control_too=False)
    place = ours.servers.addresses()["main"]
    source, target = ours.servers.admin("main", "from_here"), ours.servers.admin("main", "to_there")
    source.execute(raw("CREATE PUBLICATION bench FOR TABLES IN SCHEMA s"))
    source.execute(raw("SELECT pg_create_logical_replication_slot('bench', 'pgoutput')"))
    target.execute(raw("CREATE SCHEMA s"))
    ((tables,),) = source.query(raw("SELECT count(*)::int FROM pg_tables WHERE schemaname = 's'"))
    for n in range(int(str(tables))):
        target.execute(raw((_TABLE + _INDEXES).format(n=n)))

    def work() -> None:
        url = f"host={place.host} port={place.port} user={place.user} password={place.password} dbname=from_here"
        target.execute(
            raw(f"CREATE SUBSCRIPTION bench CONNECTION '{url}' PUBLICATION bench WITH (create_slot = false)")
        )
        while target.query(raw("SELECT 1 FROM pg_subscription_rel WHERE srsubstate <> 'r'")):
            time.sleep(0.01)

    took = timed(work)
    target.execute(raw("DROP SUBSCRIPTION bench"))
    source.execute(raw("DROP PUBLICATION bench"))
    source.close()
    target.close()
    return took


def run(quick: bool) -> Table:
    """Each way several times in turn; the median counts."""
    rows: list[tuple[str, ...]] = []
    ways: dict[str, Callable[[Lab], float]] = {"Freehold": _freehold}
    if shutil.which("pgcopydb"):
        ways["pgcopydb"] = _pgcopydb
        ways["pgcopydb, tables split at 64 MB"] = lambda ours: _pgcopydb(ours, "--split-tables-larger-than", "64MB")
    ways |= {"pg_dump, pg_restore": _dump_and_restore, "native subscription": _subscription}
    runs = 1 if quick else 3
    with lab(platform(1)) as ours:
        some = ((20_000, 2),) if quick else ((100_000, 1), (500_000, 1), (2_000_000, 1), (500_000, 20), (500_000, 100))
        for size, tables in some:
            _prepared(ours, size, tables)
            took: dict[str, list[float]] = {name: [] for name in ways}
            for _ in range(runs):
                for name, way in ways.items():
                    took[name].append(way(ours))
            base = sorted(took["Freehold"])[runs // 2]
            for name, values in took.items():
                middle = sorted(values)[runs // 2]
                rows.append(
                    (f"{size:,}", str(tables), name, seconds(middle), f"{size / middle:,.0f}", ratio(middle, base))
                )
    return Table(
        title="Copying a service",
        how="So many rows in so many tables, each with a primary key and two indexes, from one database to another of "
        f"the same instance, on a RAM disk; {_JOBS} jobs each; median of {runs}. Freehold: definitions, rows under a "
        "slot's snapshot, indexes, ANALYZE, called in this process; the others are processes of their own or, last, "
        "the server's. pgcopydb 0.10: clone. pg_dump -Fd without compression, then pg_restore. Native subscription: "
        "into tables that have their indexes.",
        columns=("rows", "tables", "way", "time", "rows/s", "to Freehold"),
        rows=tuple(rows),
    )


move_copy = Measure(run)
