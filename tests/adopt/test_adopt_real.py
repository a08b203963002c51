"""A legacy database adopted on real servers: everything keeps working under the old names, and comes back exactly."""

from __future__ import annotations

import itertools
import os
import signal
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import psycopg
import pytest

from freehold.adopt.run import begin, end_names, put_back
from freehold.errors import Busy
from freehold.pg.servers import PgServers
from freehold.ports import Address
from freehold.spec.model import Service, TableName
from freehold.testing.killing import Fuse, KillingServers
from support.adopting import url
from support.clusters import VERSIONS, TidyServers, clean, unlocked_hba
from support.oldworld import ODD, PLACE, fingerprint, make, rows, shares, world

pytestmark = pytest.mark.real

OURS = frozenset({'people"owner', 'sales"owner'})
SOAK = os.environ.get("FREEHOLD_SOAK") == "1"


@dataclass(frozen=True)
class Old:
    """The old database on a server."""

    servers: TidyServers
    admin: str
    boss: str

    def adopt(self, *, views: bool = True, wait_ms: float = 20_000) -> None:
        for name in ("people", "sales"):
            seen, gets, told = shares(self.servers, views=views)
            assert not [one for one in told if one.level == "error"], told
            share = next(one for one in gets if one.service == name)
            if share.things:
                begin(world(self.servers, wait_ms), PLACE, share, seen, views=views, ours=OURS)

    def undo(self) -> None:
        for name in ("people", "sales"):
            put_back(world(self.servers), PLACE, name, shares(self.servers)[0])

    def where(self) -> dict[str, str]:
        """The schema of each table, type and sequence that people made."""
        found = rows(
            self.admin,
            "SELECT name, n.nspname FROM ("
            "SELECT relname, relnamespace FROM pg_class WHERE relkind IN ('r', 'p', 'S', 'm')"
            " UNION SELECT typname, typnamespace FROM pg_type WHERE typtype IN ('e', 'd', 'r', 'm')"
            " UNION SELECT proname, pronamespace FROM pg_proc WHERE proname !~ 'span'"
            " UNION SELECT stxname, stxnamespace FROM pg_statistic_ext"
            ") AS x (name, space) JOIN pg_namespace n ON n.oid = space WHERE nspname IN ('public', 'people', 'sales')",
            login=("postgres", password(self)),
        )
        return {str(name): str(schema) for name, schema in found}


Clusters = Callable[[int], tuple[Address, TidyServers]]


@pytest.fixture(params=VERSIONS, ids=[f"pg{version}" for version in VERSIONS])
def old(request: pytest.FixtureRequest, clusters: Clusters) -> Iterator[Old]:
    address, servers = clusters(request.param)
    servers.write_hba("main", unlocked_hba())
    clean(address)
    admin = url(address)
    try:
        yield Old(servers, admin, make(admin))
    finally:
        servers.tidy()
        clean(address)


def test_everything_goes_where_it_belongs(old: Old) -> None:
    old.adopt()

    where = old.where()
    people = {"person", "person_id_seq", "person_note", "person_note_id_seq", ODD, "touch"}
    sales = {"orders", "orders_id_seq", "event", "event_1", "event_rest", "order_sum", "orders_both"}
    assert {name for name, schema in where.items() if schema == "people"} == people
    assert {name for name, schema in where.items() if schema == "sales"} == sales
    # what nothing could stand in for keeps its name until the old names end; what is shared stays
    assert {name for name, schema in where.items() if schema == "public"} == {
        "mood", "cents", "order_no", "colour", "left_alone", "turnover", "span", "span_multirange",
    }  # fmt: skip


def test_old_clients_find_everything_as_it_was(old: Old) -> None:
    asked = (
        "SELECT count(*) FROM person",
        "SELECT turnover(2)",
        "SELECT * FROM both_sides ORDER BY 1, 2 LIMIT 3",
        "SELECT * FROM order_list ORDER BY 1 LIMIT 2",
        "SELECT * FROM public.order_sum",
        "SELECT count(*) FROM event_1",
    )
    before = [rows(old.admin, one) for one in asked]
    old.adopt()

    assert [rows(old.admin, one) for one in asked] == before
    assert rows(old.admin, "INSERT INTO person (name) VALUES ('new') RETURNING id, mood, up") == [(21, "good", "NEW")]
    changed = (
        "UPDATE person SET mood = 'bad'::mood WHERE name = 'new' AND mood = 'good'::mood RETURNING changed > 'epoch'"
    )
    assert rows(old.admin, changed) == [(True,)]
    assert rows(old.admin, "INSERT INTO orders (person) VALUES (21) RETURNING no") == [(41,)]
    upsert = "INSERT INTO person (name) VALUES ('new') ON CONFLICT (name) DO UPDATE SET secret = 's' RETURNING id"
    assert rows(old.admin, upsert) == [(21,)]
    assert rows(old.admin, "SELECT nextval('order_no')") == [(42,)]
    assert rows(old.admin, "BEGIN; LOCK TABLE person; COMMIT", "SELECT id FROM person WHERE id = 1 FOR UPDATE") == [
        (1,)
    ]
    with pytest.raises(psycopg.errors.ForeignKeyViolation):
        rows(old.admin, "DELETE FROM person WHERE id = 21")
    with pytest.raises(psycopg.errors.CheckViolation):
        rows(old.admin, "INSERT INTO orders (person, total) VALUES (1, -1)")
    assert rows(old.admin, "DELETE FROM orders WHERE person = 21", "DELETE FROM person WHERE id = 21 RETURNING id") == [
        (21,)
    ]


def test_rights_and_policies_hold_through_the_old_names(old: Old) -> None:
    clerk = ("clerk", "c")
    seen_before = rows(old.admin, "SELECT count(*) FROM orders", login=clerk)
    old.adopt()

    assert seen_before == [(20,)]
    assert rows(old.admin, "SELECT count(*) FROM orders", login=clerk) == seen_before
    assert rows(old.admin, "SELECT mood FROM person WHERE id = 1", login=clerk) == [("good",)]
    assert rows(old.admin, "SELECT count(*) FROM person_note", login=clerk) == [(20,)]
    assert rows(old.admin, "INSERT INTO person (name) VALUES ('by clerk')", "SELECT 1", login=clerk) == [(1,)]
    for denied in ("SELECT secret FROM person", "DELETE FROM person", "INSERT INTO person (secret) VALUES ('x')"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            rows(old.admin, denied, login=clerk)


BROKEN = (
    "TRUNCATE person_note",
    "COPY person TO STDOUT",
    "SELECT xmin, ctid FROM person",
    "SELECT nextval('person_id_seq')",
    "INSERT INTO person (name) VALUES ('x') ON CONFLICT ON CONSTRAINT person_pkey DO NOTHING",
    "SELECT id, name FROM person GROUP BY id",
)


def test_what_the_page_says_does_not_work_does_not(old: Old) -> None:
    assert [said for said in BROKEN if refused(old, said)] == []
    old.adopt()
    assert [said for said in BROKEN if not refused(old, said)] == []


def refused(old: Old, said: str) -> bool:
    """Whether the server refuses what an old client says; nothing of it stays."""
    connection = psycopg.connect(old.boss)
    try:
        return connection.pgconn.exec_(said.encode()).status == psycopg.pq.ExecStatus.FATAL_ERROR
    finally:
        connection.close()


@pytest.mark.parametrize("end", [False, True])
def test_undo_brings_everything_back_exactly(old: Old, end: bool) -> None:
    before = fingerprint(old.admin)
    old.adopt()
    between = fingerprint(old.admin)
    if end:
        for name in ("people", "sales"):
            seen, gets, _ = shares(old.servers, views=False)
            share = next(one for one in gets if one.service == name)
            end_names(world(old.servers), PLACE, [one for one in seen.old if one.service == name], share, seen)
        assert {one: old.where()[one] for one in ("mood", "span_multirange", "cents", "order_no", "colour")} == {
            "mood": "people", "span_multirange": "people", "cents": "sales", "order_no": "sales", "colour": "public",
        }  # fmt: skip
    rows(old.admin, "GRANT SELECT ON people.person TO clerk", "SELECT 1", login=("postgres", password(old)))
    old.undo()

    assert fingerprint(old.admin) == before
    assert between != before
    old.undo()
    assert fingerprint(old.admin) == before


def password(old: Old) -> str:
    return str(psycopg.conninfo.conninfo_to_dict(old.admin)["password"])


def test_old_logins_get_in_when_everybody_loses_the_right_to_connect(old: Old) -> None:
    admin = ("postgres", password(old))
    old.adopt()
    rows(old.admin, "REVOKE CONNECT, TEMPORARY ON DATABASE old FROM PUBLIC", login=admin)
    assert rows(old.admin, "SELECT 1") == rows(old.admin, "SELECT 1", login=("clerk", "c")) == [(1,)]

    # the first service that goes back takes nothing from a login that the other one keeps
    put_back(world(old.servers), PLACE, "people", shares(old.servers)[0])
    assert rows(old.admin, "SELECT 1", login=("clerk", "c")) == [(1,)]
    rows(old.admin, "REVOKE CONNECT, TEMPORARY ON DATABASE old FROM boss, clerk", login=admin)
    put_back(world(old.servers), PLACE, "sales", shares(old.servers)[0])
    assert rows(old.admin, "SELECT 1") == rows(old.admin, "SELECT 1", login=("clerk", "c")) == [(1,)]


def test_without_views_everything_goes_at_once(old: Old) -> None:
    old.adopt(views=False)

    assert old.where()["mood"] == "people"
    with pytest.raises(psycopg.errors.UndefinedTable):
        rows(old.admin, "SELECT * FROM person")


def test_a_second_run_finds_nothing(old: Old) -> None:
    old.adopt()
    state = fingerprint(old.admin)

    assert [one.things for one in shares(old.servers)[1]] == [(), ()]
    assert not [one for one in shares(old.servers)[2] if one.level == "error"]
    old.adopt()
    assert fingerprint(old.admin) == state


def codes(old: Old, services: tuple[Service, ...]) -> set[tuple[str, str]]:
    return {(one.code, one.level) for one in shares(old.servers, services=services)[2]}


def test_what_is_in_the_way_is_named(old: Old) -> None:
    people = Service("people", ("people",), adopts=(TableName("public", "person"), TableName("public", "nobody")))
    sales = Service("sales", ("sales",), adopts=(TableName("public", "orders"),))
    login = ("postgres", password(old))
    rows(
        old.admin,
        "CREATE TABLE people.person ()",
        "CREATE EXTENSION citext",
        "CREATE TABLE child () INHERITS (person)",
        "CREATE PUBLICATION p FOR TABLES IN SCHEMA public",
        login=login,
    )

    found = codes(old, (people, sales))
    assert ("restrictive_policy", "error") not in found
    rows(old.admin, "CREATE POLICY less ON orders AS RESTRICTIVE USING (total > 5)", login=login)
    assert ("restrictive_policy", "error") in codes(old, (people, sales))
    for code in ("nothing_there", "name_taken", "inherited", "published_schema"):
        assert (code, "error") in found
    assert {
        ("shared", "warning"),
        ("named_in_routine", "warning"),
        ("nobodys", "info"),
        ("sequence_by_name", "warning"),
    } <= found
    of_extension = Service("people", ("people",), adopts=(TableName("public", "citext"),))
    assert ("extension_owned", "error") in codes(old, (of_extension,))


class Writers:
    """Old clients that count what they were told is committed; each opens its transactions on several tables."""

    def __init__(self, old: Old) -> None:
        self.old, self.ends, self.errors = old, threading.Event(), []  # type: ignore[var-annotated]
        self.done = [0, 0, 0]
        self.threads = [threading.Thread(target=self.work, args=(n,)) for n in range(3)]

    def __enter__(self) -> Writers:
        for one in self.threads:
            one.start()
        self.until(5)
        return self

    def __exit__(self, *_: object) -> None:
        self.ends.set()
        for one in self.threads:
            one.join()

    def until(self, more: int) -> None:
        """Wait until every writer did so many more."""
        wanted = [one + more for one in self.done]
        deadline = time.monotonic() + 60
        while any(a < b for a, b in zip(self.done, wanted, strict=True)) and not self.errors:
            assert time.monotonic() < deadline
            time.sleep(0.01)

    def work(self, number: int) -> None:
        try:
            with psycopg.connect(self.old.boss, autocommit=True, prepare_threshold=1) as connection:
                for turn in itertools.count():
                    if self.ends.is_set():
                        return
                    with connection.transaction():
                        name = f"w{number}-{turn}"
                        if number == 1:  # the other way round
                            connection.execute("UPDATE orders SET total = total + 1 WHERE id = 3")
                        row = connection.execute(
                            "INSERT INTO person (name) VALUES (%s) RETURNING id", [name]
                        ).fetchone()
                        connection.execute("INSERT INTO public.orders (person, total) VALUES (%s, 7)", row)
                        connection.execute("UPDATE person SET secret = 'x' WHERE id = 1 + %s", [number])
                        connection.execute("SELECT * FROM both_sides WHERE name = %s", [name])
                    self.done[number] += 1
        except BaseException as error:
            self.errors.append(error)


def test_clients_of_the_live_database_meet_no_error_and_lose_nothing(old: Old) -> None:
    with Writers(old) as writers:
        for _ in range(6 if SOAK else 2):
            old.adopt()
            writers.until(5)
            old.undo()
            writers.until(5)
        old.adopt()
        writers.until(5)

    assert writers.errors == []
    assert rows(
        old.admin, "SELECT count(*) FROM people.person WHERE name LIKE 'w%'", login=("postgres", password(old))
    ) == [(sum(writers.done),)]
    assert rows(old.admin, "SELECT count(*) FROM orders WHERE total = 7 AND id > 40") == [(sum(writers.done),)]


def test_a_client_in_a_deadlock_with_it_goes_on(old: Old) -> None:
    """It holds orders and wants events; the adoption holds events and wants orders."""
    failed: list[BaseException] = []

    def adopt() -> None:
        try:
            old.adopt()
        except BaseException as error:
            failed.append(error)

    with psycopg.connect(old.boss) as client, psycopg.connect(old.admin, autocommit=True) as watcher:
        client.execute("UPDATE orders SET total = 1 WHERE id = 1")
        thread = threading.Thread(target=adopt)
        thread.start()
        waiting = (
            "SELECT 1 FROM pg_locks AS w JOIN pg_locks AS h ON h.pid = w.pid AND h.granted"
            " AND h.mode = 'AccessExclusiveLock' WHERE NOT w.granted AND w.locktype = 'relation'"
        )
        deadline = time.monotonic() + 30
        while not watcher.execute(waiting.encode()).fetchall():
            assert time.monotonic() < deadline
        client.execute("INSERT INTO event VALUES ('2026-01-02', 1, 'in time')")
        assert thread.is_alive()
        assert old.where()["orders"] == "public"
        client.commit()
        thread.join()
    assert failed == []
    assert old.where()["orders"] == "sales"


def test_a_client_that_does_not_end_is_waited_for_and_then_left_alone(old: Old) -> None:
    with psycopg.connect(old.boss) as client:
        client.execute("UPDATE orders SET total = 1 WHERE id = 1")
        with pytest.raises(Busy, match='tables of service "sales"'):
            old.adopt(wait_ms=600)
        client.execute("INSERT INTO event VALUES ('2026-01-02', 1, 'in time')")
    assert (old.where()["orders"], old.where()["person"]) == ("public", "people")


def test_whenever_it_is_killed_a_service_is_adopted_or_not_and_the_next_run_ends_it(old: Old) -> None:
    at, kills = 1, 0
    while killed(old, at):
        kills += 1
        at += 3 if SOAK else 17
        for together in (("person", "person_note", "touch"), ("orders", "event", "event_1")):
            assert len({old.where()[one] for one in together}) == 1
        assert rows(old.admin, "SELECT count(*) FROM person, orders WHERE orders.id = 1") == [(20,)]
    assert kills > 1
    old.adopt()
    assert (old.where()["person"], old.where()["orders"]) == ("people", "sales")


def killed(old: Old, at: int) -> bool:
    """Whether a process that adopts everything dies at its effect number ``at``."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        try:
            servers = KillingServers(PgServers(old.servers.places), Fuse(at, after=at % 2 == 0))
            Old(servers, old.admin, old.boss).adopt()  # type: ignore[arg-type]
            os._exit(0)
        except BaseException:
            os._exit(1)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0
    return os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
