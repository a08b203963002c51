"""Killed anywhere while rows are loaded, the same command goes on: no row twice, none left out, the same bytes.

A seeded sample by default; FREEHOLD_SOAK=1 kills before and after every effect, on every version.
"""

from __future__ import annotations

import os
import random
import signal
import time
import warnings
from pathlib import Path

import pytest

from freehold.pg.servers import PgServers
from freehold.ports import Address
from freehold.seed.plan import Does
from freehold.seed.run import load
from freehold.spec.model import TableName
from freehold.sqltext import keyword
from freehold.testing.killing import Fuse, KillingServers
from support.applying import Heard
from support.clusters import VERSIONS, TidyServers, clean, unlocked_hba
from support.filling import Field
from support.fixtures import Clusters

pytestmark = pytest.mark.real

SOAK = os.environ.get("FREEHOLD_SOAK") == "1"
SAMPLE = 6
SEED = 20261121

TABLES = """
create table shop.parent (id bigint generated always as identity primary key, name text not null unique);
create table shop.child (
    id uuid primary key, parent_id bigint not null references shop.parent, at timestamptz not null
);
"""
RECIPE = "tables: {shop.child: {rows: 3}}"
ROWS = 2000
DIGEST = (
    "select (select md5(string_agg(t::text, ',' order by id)) from shop.parent as t),"
    " (select md5(string_agg(t::text, ',' order by id)) from shop.child as t)"
)


def fresh(address: Address, servers: TidyServers, folder: Path) -> Field:
    servers.tidy()
    servers.write_hba("main", unlocked_hba())
    clean(address)
    folder.mkdir()
    return Field(servers, folder, {"shop": TABLES})


def run_and_die(field: Field, fuse: Fuse, after_ms: float | None = None) -> bool:
    """Fill in a child process that dies at the fuse, or is killed from here after a while; whether it was killed."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        status = 1
        try:
            field.heard = Heard()
            field.servers = PgServers(field.servers.places, field.servers.hba_files)  # type: ignore[attr-defined]
            field.seed(RECIPE, ROWS, workers=1, servers=KillingServers(field.servers, fuse))
            status = 0
        finally:
            os._exit(status)
    if after_ms is not None:
        time.sleep(after_ms / 1000)
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0
    return os.WIFSIGNALED(status)


def goes_on(field: Field, expected: list[tuple[object, ...]], point: str) -> set[Does]:
    planned = field.seed(RECIPE, ROWS)
    assert field.ask("shop", DIGEST) == expected, point
    marks = field.ask("shop", "select target = loaded, pending is null from freehold.seed")
    assert marks == [(True, True), (True, True)], point
    if all(not task.rows for task in planned.tasks.values()):
        field.workshop.apply()  # a run that has nothing to load lends nothing; the next apply takes back what was left
    assert field.ask("shop", "select rolname from pg_roles where rolname like '%deploy'") == [], point
    assert field.ask("shop", "insert into shop.parent (name) values ('next') returning id") == [(501,)], point
    return {task.does for task in planned.tasks.values()}


@pytest.mark.parametrize("version", VERSIONS)
def test_a_run_killed_at_any_effect_is_continued_by_the_next(
    clusters: Clusters, tmp_path: Path, version: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(load, "BATCH_ROWS", 200)
    address, servers = clusters(version)
    whole = Fuse()
    field = fresh(address, servers, tmp_path / "whole")
    field.seed(RECIPE, ROWS, workers=1, servers=KillingServers(servers, whole))
    expected = field.ask("shop", DIGEST)
    assert field.ask("shop", "select count(*) from shop.child") == [(1500,)]
    assert whole.count > 60
    points = [(number, after) for number in range(1, whole.count + 1) for after in (False, True)]
    if not SOAK:
        # some anywhere, and one among the batches of the child, where there is something to resume
        points = [*random.Random(f"{SEED}{version}").sample(points, SAMPLE), (whole.count * 2 // 3, True)]
    did: set[Does] = set()
    for number, after in points:
        field = fresh(address, servers, tmp_path / f"{number}{after}")
        run_and_die(field, Fuse(number, after))
        did |= goes_on(field, expected, f"killed {'after' if after else 'before'} effect {number} of {whole.count}")
    assert Does.RESUME in did


def test_a_run_killed_in_the_middle_of_a_copy_is_continued(
    clusters: Clusters, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(load, "BATCH_ROWS", 100)
    address, servers = clusters(18)
    field = fresh(address, servers, tmp_path / "whole")
    field.seed(RECIPE, ROWS)
    expected = field.ask("shop", DIGEST)
    for number, after_ms in enumerate((120.0, 250.0, 400.0)):
        field = fresh(address, servers, tmp_path / str(number))
        run_and_die(field, Fuse(), after_ms)
        goes_on(field, expected, f"killed after {after_ms} ms")


def test_what_became_of_the_last_transaction_is_asked_and_not_guessed(clusters: Clusters, tmp_path: Path) -> None:
    """The mark says the same before and after the commit; only the server knows which of the two it was."""
    address, servers = clusters(18)
    field = fresh(address, servers, tmp_path / "t")
    field.seed(RECIPE, ROWS)
    aborted = field.ask("shop", "select pg_current_xact_id()::text")[0][0]
    for xid, status in ((aborted, "committed"), ("99999999999", "the future")):
        field.do("shop", keyword("UPDATE freehold.seed SET loaded = 300 WHERE \"table\" = 'child'"))
        under_way = f"UPDATE freehold.seed SET pending = 1500, pending_xid = '{xid}'::xid8"
        field.ask("shop", under_way + " WHERE \"table\" = 'child' RETURNING 1")
        if status == "committed":
            planned = field.seed(RECIPE, ROWS, dry=True)
            assert planned.tasks[TableName("shop", "child")].does is Does.DONE
            field.seed(RECIPE, ROWS)
            noted = "SELECT loaded, pending FROM freehold.seed WHERE \"table\" = 'child'"
            assert field.ask("shop", noted) == [(1500, None)], "a server forgets what became of old transactions"
        else:
            planned = field.seed(RECIPE, ROWS, dry=True)
            task = planned.tasks[TableName("shop", "child")]
            assert (task.does, task.start) == (Does.RESUME, 300)
