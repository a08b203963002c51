"""Other people's writes make no false alarm and hide nothing."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from freehold.audit.keys import shown
from freehold.audit.model import End, Key, Orphan, State, Table
from freehold.audit.run import compare
from freehold.audit.run.desk import Desk
from freehold.audit.run.second import ROUNDS, SecondLook, Seen
from freehold.pg.servers import PgServers
from freehold.pg.session import PgSession
from freehold.sqltext import raw
from support.applying import Heard
from support.references import Pair, codes

Action = Callable[[], None]


def filled(pair: Pair) -> Pair:
    """A hundred keys on both sides; 40 and 60 have no parent."""
    pair.child("CREATE TABLE orders.line (a int, x int); INSERT INTO orders.line SELECT generate_series(1, 100), 0")
    pair.parent(
        "CREATE TABLE users.account (id int PRIMARY KEY);"
        "INSERT INTO users.account SELECT g FROM generate_series(1, 100) g WHERE g NOT IN (40, 60)"
    )
    return pair


@pytest.fixture
def shop(pair18: Pair) -> Pair:
    return filled(pair18)


PLANTED = [("40",), ("60",)]


class Between(PgServers):
    """Servers that let somebody act when the audit opens its session on the parent for reading rows."""

    action: Action = staticmethod(lambda: None)

    def admin(self, instance: str, database: str | None = None) -> PgSession:
        if instance == "right" and self.seen_catalog():
            self.action()
        return super().admin(instance, database)

    def seen_catalog(self) -> bool:
        """True from the second session on the parent on: the first one reads catalogs."""
        count = getattr(self, "count", 0)
        object.__setattr__(self, "count", count + 1)
        return count == 1


def between(pair: Pair, action: Action) -> PgServers:
    servers = Between({"left": pair.child_at, "right": pair.parent_at})
    object.__setattr__(servers, "action", action)
    return servers


def test_what_goes_between_the_two_snapshots_is_dismissed(shop: Pair) -> None:
    def act() -> None:
        shop.child("DELETE FROM orders.line WHERE a IN (7, 8)")
        shop.parent("DELETE FROM users.account WHERE id IN (7, 8)")

    checked = shop.checked(servers=between(shop, act))

    assert (shop.keys(), checked.dismissed) == (PLANTED, 2)


def test_what_comes_between_the_two_snapshots_is_not_missed_as_a_parent(shop: Pair) -> None:
    """The child's snapshot is the first, so a pair that comes in between is in neither or in the parent's only."""

    def act() -> None:
        shop.parent("INSERT INTO users.account VALUES (40), (500)")
        shop.child("INSERT INTO orders.line VALUES (500, 0)")

    checked = shop.checked(servers=between(shop, act))

    assert (shop.keys(), checked.dismissed) == ([("60",)], 0)


@contextmanager
def before(monkeypatch: pytest.MonkeyPatch, step: str, action: Callable[[int], None]) -> Iterator[None]:
    """Let somebody act before a step of the second look; the action is told how often it acted."""
    plain: Callable[..., object] = getattr(SecondLook, step)
    calls = iter(range(1000))

    def acting(self: SecondLook, keys: list[Key]) -> object:
        action(next(calls))
        return plain(self, keys)

    with monkeypatch.context() as patched:
        patched.setattr(SecondLook, step, acting)
        yield


def gone(shop: Pair) -> Callable[[int], None]:
    """40 gets its parent, and then both go, as a service would do it."""

    def act(call: int) -> None:
        if not call:
            shop.parent("INSERT INTO users.account VALUES (40)")
            shop.child("DELETE FROM orders.line WHERE a = 40")
            shop.parent("DELETE FROM users.account WHERE id = 40")

    return act


@pytest.mark.parametrize("step", ["_held", "_lacking", "_same"])
def test_what_goes_in_the_middle_of_the_second_look_is_no_orphan(
    shop: Pair, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    with before(monkeypatch, step, gone(shop)):
        checked = shop.checked()
    assert (shop.keys(), checked.dismissed, checked.unsettled) == ([("60",)], 1, 0)


@pytest.mark.parametrize("step", ["_held", "_lacking", "_same"])
def test_a_row_that_is_written_again_is_looked_at_again(shop: Pair, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    with before(monkeypatch, step, lambda call: shop.child("UPDATE orders.line SET x = x + 1") if call < 3 else None):
        checked = shop.checked()
    assert (shop.keys(), checked.dismissed, checked.unsettled) == (PLANTED, 0, 0)


def test_a_row_that_is_written_at_every_look_is_unsettled(shop: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []

    def act(call: int) -> None:
        calls.append(call)
        shop.child("UPDATE orders.line SET x = x + 1 WHERE a = 40")

    with before(monkeypatch, "_lacking", act):
        report = shop.audit()
    assert len(calls) == ROUNDS
    assert (shop.keys(), report.references[0].unsettled) == ([("60",)], 1)
    assert codes(report) == ["orphaned_reference", "reference_unsettled"]


def test_one_quiet_row_settles_a_key_with_a_busy_one(shop: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.child("INSERT INTO orders.line VALUES (40, -1)")
    with before(
        monkeypatch, "_lacking", lambda call: shop.child("UPDATE orders.line SET x = x + 1 WHERE x >= 0") and None
    ):
        checked = shop.checked()
    assert shop.keys() == [("40",)]
    assert (checked.orphan_rows, checked.unsettled) == (2, 1)


# the negative control: a second look that leaves something out, and what then goes wrong


def test_without_the_second_look_there_are_false_alarms(shop: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    def gullible(self: SecondLook, suspects: list[Key]) -> Seen:
        return Seen(tuple(Orphan(shown(key), 1) for key in suspects))

    monkeypatch.setattr(SecondLook, "look", gullible)
    with pytest.raises(AssertionError):
        test_what_goes_between_the_two_snapshots_is_dismissed(shop)


def test_without_the_row_versions_there_are_false_alarms(shop: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SecondLook, "_same", lambda self, identities: set(identities))
    with pytest.raises(AssertionError):
        test_what_goes_in_the_middle_of_the_second_look_is_no_orphan(shop, monkeypatch, "_lacking")


def test_with_the_parents_snapshot_first_a_pair_that_comes_between_looks_orphaned(
    shop: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = compare.Comparing._snapshot
    taken: list[PgSession] = []

    def late(self: compare.Comparing, stack: object, end: object, table: object) -> PgSession:
        """Takes the child's snapshot anew, after the parent's."""
        session = plain(self, stack, end, table)  # type: ignore[arg-type]  # handed through
        taken.append(session)  # type: ignore[arg-type]  # it is one
        if len(taken) == 2:
            shop.parent("INSERT INTO users.account VALUES (500)")
            shop.child("INSERT INTO orders.line VALUES (500, 0)")
            for text in ("COMMIT", "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", "SELECT 1"):
                taken[0].execute(raw(text))
        return session  # type: ignore[return-value]  # it is one

    monkeypatch.setattr(compare.Comparing, "_snapshot", late)
    checked = shop.checked()
    assert (shop.keys(), checked.dismissed) == (PLANTED, 1)


@pytest.mark.parametrize("newer", [False, True], ids=["15-to-18", "18-to-15"])
def test_under_live_traffic_only_planted_orphans_are_reported(across: Callable[..., Pair], newer: bool) -> None:
    """Two writers insert a parent and then its child, rewrite children, delete a child and then its parent."""
    shop = filled(across(newer=newer))
    stop = threading.Event()
    failures: list[BaseException] = []
    written = [0]

    def write(first: int) -> None:
        children = shop.on(shop.child_at, shop.child_database)
        parents = shop.on(shop.parent_at, shop.parent_database)
        number = first
        try:
            while not stop.is_set():
                for session, text in (
                    (parents, f"INSERT INTO users.account VALUES ({number})"),
                    (children, f"INSERT INTO orders.line VALUES ({number}, 0), ({number}, 1)"),
                    (children, f"UPDATE orders.line SET x = x + 1 WHERE a BETWEEN {number - 20} AND {number}"),
                    (children, f"DELETE FROM orders.line WHERE a = {number - 10}"),
                    (parents, f"DELETE FROM users.account WHERE id = {number - 10}"),
                ):
                    session.execute(raw(text))
                number += 1
                written[0] += 1
        except BaseException as error:
            failures.append(error)

    writers = [threading.Thread(target=write, args=(first,)) for first in (1_000_000, 2_000_000)]
    for writer in writers:
        writer.start()
    seen = []
    try:
        for _ in range(15):
            seen.append((shop.checked().state, shop.keys()))
    finally:
        stop.set()
        for writer in writers:
            writer.join()
    assert failures == []
    assert written[0] > 50
    assert seen == [(State.ORPHANS, PLANTED)] * 15


LOCKS = """
SELECT DISTINCT l.mode FROM pg_catalog.pg_locks AS l WHERE l.pid <> pg_backend_pid() AND l.locktype = 'relation'
AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())
AND l.relation IN (SELECT oid FROM pg_catalog.pg_class WHERE relnamespace::regnamespace::text IN ('orders', 'users'))
"""


def test_an_audit_locks_nothing_but_access_share(shop: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    watchers = [
        shop.on(shop.child_at, shop.child_database),
        shop.on(shop.parent_at, shop.parent_database),
    ]
    held: list[set[str]] = [set(), set()]

    def watch(what: object) -> None:
        for watcher, modes in zip(watchers, held, strict=True):
            modes.update(str(mode) for (mode,) in watcher.query(raw(LOCKS)))

    shop.heard = Heard(listen=watch)
    with before(monkeypatch, "_same", watch):
        assert shop.checked().orphans == 2
    assert held == [{"AccessShareLock"}, {"AccessShareLock"}]
    writer = shop.child("BEGIN; LOCK TABLE orders.line IN SHARE ROW EXCLUSIVE MODE")
    assert shop.checked().orphans == 2
    writer.execute(raw("ROLLBACK"))


def test_an_audit_waits_for_a_table_no_longer_than_its_lock_timeout(shop: Pair) -> None:
    writer = shop.child("BEGIN; LOCK TABLE orders.line IN ACCESS EXCLUSIVE MODE")
    servers = PgServers({"left": shop.child_at, "right": shop.parent_at}, lock_timeout_ms=200)
    report = shop.audit(servers=servers)
    assert codes(report) == ["reference_not_checked"]
    assert "locked for longer" in report.findings[0].title
    writer.execute(raw("ROLLBACK"))


def test_an_audit_changes_nothing(shop: Pair) -> None:
    """Its sessions are read-only from their first statement on, in the second look too."""
    table = Table("table", 0, "UTF8", ())
    session = Desk(shop.servers).reading(End("orders", "left", shop.child_database, shop.child_table, ("a",)), table)
    for text in ("DELETE FROM orders.line", "CREATE TABLE orders.x ()", "SELECT nextval('orders.s')"):
        shop.child("CREATE SEQUENCE IF NOT EXISTS orders.s")
        assert session.attempt(raw(text)).sqlstate == "25006"
    session.close()
