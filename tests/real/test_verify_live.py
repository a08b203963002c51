"""Both sides of a move compared while the home is written: nothing is wrong where nothing is, and what is, is named."""

from __future__ import annotations

import os
import random
import threading
import time
from collections.abc import Callable
from contextlib import suppress

import pytest

from freehold.errors import Busy, Unverified
from freehold.local.clock import SystemClock
from freehold.move.control import barrier, hold_gate, release_gate
from freehold.move.names import stream
from freehold.move.run.aligned import Pair
from freehold.move.run.comparing import Comparing, Done
from freehold.move.run.verify import watch
from freehold.move.verify.model import Kind, Mode, Report
from freehold.move.verify.rounds import Work
from freehold.pg.session import PgSession
from freehold.sqltext import ident, keyword, raw, sql
from support.following import ODD, Writers, as_worker, follow, silent, work
from support.worlds import QUICK, World

pytestmark = pytest.mark.real
SOAK = os.environ.get("FREEHOLD_SOAK") == "1"
PAIRS = [(18, 18), (15, 15), (15, 18), (18, 15)]


@pytest.mark.parametrize(("source", "target"), PAIRS, ids=[f"{a}to{b}" for a, b in PAIRS])
def test_equal_in_every_round_while_four_clients_write_and_none_waits(
    worlds: Callable[..., World], source: int, target: int
) -> None:
    world = worlds(source, target)
    rounds = 0
    with Writers(world.servers, world.move.source, work).writing() as writers:
        while rounds < (1_000 if SOAK else 2):
            report = world.verify()
            assert report.equal, report
            # a row that differs once and not again would be a snapshot that was not aligned
            assert report.healed == 0
            assert report.rows > 7_000
            rounds += report.rounds
        # a single wrong row among all the writing is found and named
        world.fed("UPDATE s.event_1 SET v = v || ' ' WHERE id = 590")
        report = world.verify()
        assert [(one.table.table, one.kind, one.columns) for t in report.tables for one in t.listed] in (
            [("event_1", Kind.DIFFERENT, ("v",))],
            [],  # a client has written the row since
        )
    assert writers.commits > 20
    assert rounds >= (1_000 if SOAK else 2)
    # at rest one round is enough, and every row is counted once
    time.sleep(0.1)
    world.fed("DELETE FROM s.hot WHERE id = 2")
    final = world.verify()
    session = world.servers.admin(world.move.source.instance, world.move.source.database)
    for table in final.tables:
        ((count,),) = session.query(
            sql("SELECT pg_catalog.count(*) FROM ONLY {}", ident(table.table.schema, table.table.table))
        )
        assert table.rows == count + (1 if table.table.table == "hot" else 0), table
    assert [(one.kind, one.key) for t in final.tables for one in t.listed if t.table.table == "hot"] == [
        (Kind.MISSING, (("id", "2"),))
    ]


def test_each_kind_of_difference_in_each_kind_of_table(worlds: Callable[..., World]) -> None:
    world = worlds(18, 18)
    odd = ident(ODD).shown()
    world.fed("UPDATE s.account SET balance = balance + 0.01, note = NULL WHERE id = 77")
    world.fed("DELETE FROM s.account WHERE id = 78; INSERT INTO s.account (id, owner, balance) VALUES (9999, 'x', 1)")
    world.fed("INSERT INTO s.log SELECT * FROM s.log WHERE b = 'b7'; DELETE FROM s.log WHERE b = 'b8'")
    world.fed("UPDATE s.named SET id = 1000 WHERE id = 3; UPDATE s.number SET v = '' WHERE id = 4")
    world.fed("UPDATE s.mix SET v = 'sad' WHERE n = 5; DELETE FROM s.hot")
    world.fed(f"UPDATE {odd}.{odd} SET \"100%\" = '' WHERE {odd} = 6")
    report = world.verify()
    found = {
        (one.table.table, one.kind, one.key if one.table.table != "log" else (), one.columns)
        for table in report.tables
        for one in table.listed
    }
    assert found == {
        ("account", Kind.DIFFERENT, (("id", "77"),), ("balance", "doubled", "note")),
        ("account", Kind.MISSING, (("id", "78"),), ()),
        ("account", Kind.EXTRA, (("id", "9999"),), ()),
        ("log", Kind.EXTRA, (), ()),
        ("log", Kind.MISSING, (), ()),
        ("named", Kind.DIFFERENT, (("name", "n3"),), ("id",)),
        ("number", Kind.DIFFERENT, (("id", "4"),), ("v",)),
        ("mix", Kind.DIFFERENT, (("tenant", "t5"), ("n", "5")), ("v",)),
        ("hot", Kind.MISSING, (("id", "1"),), ()),
        ("hot", Kind.MISSING, (("id", "2"),), ()),
        (ODD, Kind.DIFFERENT, ((ODD, "6"),), ("100%",)),
    }
    assert report.mismatches == 11
    assert not report.equal
    few = world.verify(limit=1)
    assert few.mismatches == 11
    assert max(len(one.listed) for one in few.tables) == 1
    counted = world.verify(mode=Mode.COUNTS)
    assert {one.table.table: one.mismatches for one in counted.tables if one.mismatches} == {
        # each piece is counted by itself: a row less here and one more there do not cancel each other
        "account": 2,
        "hot": 2,
    }
    mended = world.verify(repair=True)
    assert mended.equal
    assert mended.repaired == 11
    assert world.verify().equal


def test_a_sample_says_what_it_covers_and_the_same_seed_looks_at_the_same_rows(
    worlds: Callable[..., World],
) -> None:
    world = worlds(18, 18)
    some = world.verify(mode=Mode.SAMPLE, percent=30, chunk_rows=100, seed=3)
    again = world.verify(mode=Mode.SAMPLE, percent=30, chunk_rows=100, seed=3)
    assert [(one.table, one.rows) for one in some.tables] == [(one.table, one.rows) for one in again.tables]
    assert 0.2 < some.coverage < 0.5
    total = world.verify().rows
    assert abs(some.rows / total - some.coverage) < 0.15
    assert some.equal


def test_the_other_direction_is_verified_in_the_same_way(worlds: Callable[..., World]) -> None:
    world = worlds(18, 18)
    target = world.servers.admin(world.move.target.instance, world.move.target.database)
    target.execute(sql("ALTER SUBSCRIPTION {} DISABLE", ident(stream(world.move.id, "f"))))
    follow(world.servers, world.move, "r", copy=False)
    with Writers(world.servers, world.move.target, work, count=2).writing():
        for _ in range(3):
            report = world.verify("r")
            assert report.equal
            assert (report.home, report.fed) == (world.move.target, world.move.source)
    as_worker(world.servers, world.move.source, "UPDATE s.named SET v = 'other' WHERE id = abs(7)")
    assert world.verify("r").mismatches == 1


def test_continuous_verification_finds_what_is_broken_after_it_began(worlds: Callable[..., World]) -> None:
    world = worlds(18, 18)
    told: list[Report] = []
    with Writers(world.servers, world.move.source, work, count=2).writing():

        def tell(report: Report) -> None:
            told.append(report)
            if len(told) == 3:
                # a row that the stream touches, and one side keeps wrong: it is looked at as soon as it is written
                world.fed("CREATE FUNCTION s.bad() RETURNS trigger LANGUAGE plpgsql AS"
                          " 'begin new.v := new.v || ''!''; return new; end'")  # fmt: skip
                world.fed("CREATE TRIGGER bad BEFORE UPDATE ON s.event_1 FOR EACH ROW EXECUTE FUNCTION s.bad();"
                          "ALTER TABLE s.event_1 ENABLE REPLICA TRIGGER bad")  # fmt: skip

        report = watch(
            world.move, "f", world.servers, SystemClock(), silent, QUICK,
            lambda: len(told) > 30 or bool(told and told[-1].mismatches), tell, interval_ms=100,
        )  # fmt: skip
    assert told[0].equal
    assert report.mismatches > 0
    assert {one.table.table for one in report.tables if one.mismatches} == {"event_1"}


def test_without_a_slot_the_tables_are_locked_for_a_moment_if_that_is_allowed(
    worlds: Callable[..., World],
) -> None:
    world = worlds(18, 18)
    session = world.servers.admin(world.move.source.instance, world.move.source.database)
    ((free,),) = session.query(
        keyword(
            "SELECT setting::int - (SELECT count(*) FROM pg_catalog.pg_replication_slots)::int"
            " FROM pg_catalog.pg_settings WHERE name = 'max_replication_slots'"
        )
    )
    for number in range(int(str(free))):
        session.query(raw(f"SELECT pg_create_physical_replication_slot('taken{number}')"))
    with pytest.raises(Unverified, match="no replication slot"):
        world.verify()
    with Writers(world.servers, world.move.source, work, count=2).writing():
        for _ in range(3):
            report = world.verify(locking=True)
            assert report.equal
            assert report.healed == 0
            assert report.method == "lock"
            assert report.blocked_ms > 0
    world.fed("DELETE FROM s.hot WHERE id = 2")
    assert world.verify(locking=True).mismatches == 1


def test_what_cannot_be_known_is_never_called_equal(worlds: Callable[..., World]) -> None:
    world = worlds(18, 18)
    name = ident(stream(world.move.id, "f"))
    source = world.servers.admin(world.move.source.instance, world.move.source.database)
    target = world.servers.admin(world.move.target.instance, world.move.target.database)
    target.execute(sql("ALTER SUBSCRIPTION {} DISABLE", name))
    with pytest.raises(Unverified, match="disabled"):
        world.verify(gate_ms=300)
    target.execute(sql("ALTER SUBSCRIPTION {} ENABLE", name))
    assert world.verify().equal

    other = world.servers.admin(world.move.target.instance, world.move.target.database)
    other.query(hold_gate(world.move.id))
    with pytest.raises(Busy, match="gate"):
        world.verify()
    other.query(release_gate(world.move.id))

    target.execute(raw("ALTER TABLE s.hot SET SCHEMA public"))
    with pytest.raises(Unverified, match=r'table "s"\."hot" is missing'):
        world.verify()
    target.execute(raw("CREATE TABLE s.hot (id integer PRIMARY KEY, n bigint)"))
    with pytest.raises(Unverified, match=r'1 tables are not filled: "s"\."hot"'):
        world.verify()
    target.execute(raw("DROP TABLE s.hot; ALTER TABLE public.hot SET SCHEMA s"))
    target.execute(raw("ALTER TABLE s.hot ADD CHECK (n < 5)"))
    source.execute(raw("UPDATE s.hot SET n = 5"))
    with pytest.raises(Unverified, match=r"met \d+ errors|does not run|is behind"):
        world.verify(gate_ms=1500)
    target.execute(raw("ALTER TABLE s.hot DROP CONSTRAINT hot_n_check"))
    source.execute(raw("CREATE TABLE s.newer (id integer PRIMARY KEY)"))
    with pytest.raises(Unverified, match=r'"s"\."newer" is missing'):
        world.verify()
    target.execute(raw("CREATE TABLE s.newer (id integer PRIMARY KEY)"))
    with pytest.raises(Unverified, match=r'1 tables are not followed: "s"\."newer"'):
        world.verify()
    source.execute(sql("DROP PUBLICATION {}", name))
    with pytest.raises(Unverified, match="is not there"):
        world.verify()


def test_a_gate_that_somebody_left_in_the_stream_is_no_alignment(worlds: Callable[..., World]) -> None:
    world = worlds(18, 18)
    source = world.servers.admin(world.move.source.instance, world.move.source.database)
    # barriers of runs that died come through before ours, at any moment
    with Writers(world.servers, world.move.source, work, count=2).writing():
        for number in range(6):
            source.execute(barrier(world.move.id, f"gate:left{number}"))
            with suppress(Unverified):
                report = world.verify()
                assert report.equal
                assert report.healed == 0


def test_nothing_is_left_behind(worlds: Callable[..., World]) -> None:
    world = worlds(18, 18)
    world.verify()
    source = world.servers.admin(world.move.source.instance, world.move.source.database)
    assert source.query(raw("SELECT slot_name FROM pg_replication_slots WHERE temporary")) == []
    assert source.query(raw("SELECT token FROM freehold.move_barrier")) == []
    report = world.verify()
    assert [(one.name.table, one.home, one.fed) for one in report.sequences] == [
        ("account_id_seq", "3000", "1 (not used)")
    ]
    assert report.duration_ms > 0


def test_a_table_that_is_emptied_while_it_is_compared_is_no_difference(
    worlds: Callable[..., World], monkeypatch: pytest.MonkeyPatch
) -> None:
    world = worlds(18, 18)
    holding = world.servers.admin(world.move.target.instance, world.move.target.database)
    source = world.servers.admin(world.move.source.instance, world.move.source.database)
    plain = Comparing.round
    done: list[list[Done]] = []

    def emptied(self: Comparing, works: list[Work], pair: Pair, snapshot_ms: float) -> list[Done]:
        if not done:
            # the snapshot of before shows it empty now on one side; the worker of the other has to wait
            holding.query(hold_gate(world.move.id))
            source.execute(barrier(world.move.id, "gate:of the test"))
            source.execute(keyword("TRUNCATE s.emptied"))
        done.append(plain(self, works, pair, snapshot_ms))
        if len(done) == 1:
            holding.query(release_gate(world.move.id))
        return done[-1]

    monkeypatch.setattr(Comparing, "round", emptied)
    report = world.verify()
    assert sum(len(one.differences) for one in done[0]) == 50
    assert report.equal
    assert report.healed == 0


def test_a_verification_takes_no_lock_that_a_client_could_meet(worlds: Callable[..., World]) -> None:
    world = worlds(18, 18)
    stop, seen = threading.Event(), set[tuple[str, str]]()

    def look() -> None:
        session = world.servers.admin(world.move.source.instance, world.move.source.database)
        while not stop.is_set():
            rows = session.query(
                keyword(
                    "SELECT DISTINCT l.relation::regclass::text, l.mode FROM pg_catalog.pg_locks AS l"
                    " JOIN pg_catalog.pg_class AS c ON c.oid = l.relation AND c.relnamespace::regnamespace::text"
                    " NOT IN ('pg_catalog', 'pg_toast') JOIN pg_catalog.pg_stat_activity AS a ON a.pid = l.pid"
                    " WHERE a.application_name = 'freehold' AND a.backend_type <> 'walsender' AND l.database ="
                    " (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())"
                )
            )
            seen.update((str(relation), str(mode)) for relation, mode in rows)

    looking = threading.Thread(target=look)
    looking.start()
    try:
        for _ in range(4):
            assert world.verify().equal
    finally:
        stop.set()
        looking.join()
    on_service = {mode for relation, mode in seen if not relation.startswith("freehold.")}
    assert on_service <= {"AccessShareLock"}
    assert on_service


def test_keys_are_read_whatever_the_encoding_of_their_database(worlds: Callable[..., World]) -> None:
    made = 'CREATE SCHEMA s; CREATE TABLE s.t (k text PRIMARY KEY, n int); CREATE TABLE s.f ("\u00e9" text)'
    world = worlds(
        18, 18, made, "INSERT INTO s.t SELECT 'é' || i, 0 FROM generate_series(1, 3) i;\n", encoding="LATIN1"
    )

    def write(session: PgSession, draw: random.Random) -> None:
        session.execute(raw(f"UPDATE s.t SET n = n + 1 WHERE k = 'é{draw.randint(1, 3)}'"))
        session.execute(raw("INSERT INTO s.f VALUES ('ü')"))

    with Writers(world.servers, world.move.source, write, count=2).writing():
        for _ in range(4):
            report = world.verify()
            assert report.equal
            assert report.healed == 0
    assert world.verify().equal  # by then everything has arrived
    world.fed("UPDATE s.t SET n = -1 WHERE k = 'é2'")
    assert [one.key for t in world.verify().tables for one in t.listed] == [(("k", "é2"),)]


def test_bytes_that_are_no_text_are_no_comparison(worlds: Callable[..., World]) -> None:
    made = "CREATE SCHEMA s; CREATE TABLE s.t (k text PRIMARY KEY)"
    world = worlds(18, 18, made, "INSERT INTO s.t VALUES ('a');\n", encoding="SQL_ASCII")

    def write(session: PgSession, draw: random.Random) -> None:
        session.execute(raw("SET client_encoding = 'SQL_ASCII'"))
        session.execute(raw(f"INSERT INTO s.t VALUES (E'\\xe9{draw.random()}') ON CONFLICT DO NOTHING"))

    def often() -> None:
        for _ in range(20):
            world.verify()

    with Writers(world.servers, world.move.source, write, count=2).writing():
        with pytest.raises(Unverified) as refused:
            often()
        assert "cannot be read" in refused.value.message
    assert world.verify(mode=Mode.COUNTS).equal
