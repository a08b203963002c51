"""A service on its way: two databases, one filled from the other by logical replication, as a move makes them."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from freehold.errors import ServerError
from freehold.layouts.model import ServiceRoles
from freehold.move.catalog import inventory, question
from freehold.move.control import control_sql
from freehold.move.events import Event
from freehold.move.model import Move, Side
from freehold.move.names import BARRIER, stream
from freehold.pg.servers import PgServers
from freehold.pg.session import PgSession
from freehold.sqltext import ident, join, keyword, literal, quote_ident, raw, sql

ROLES = ServiceRoles("s_owner", "s_app", "s_ro")


def a_move(source: Side, target: Side, schemas: tuple[str, ...] = ("s",), identifier: str = "00c0ffee") -> Move:
    return Move(identifier, "test", "s", "database_per_service", source, target, schemas, ROLES, ROLES)


def connection(servers: PgServers, side: Side) -> str:
    place = servers.addresses()[side.instance]

    def quoted(text: str) -> str:
        return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"

    return (
        f"host={place.host} port={place.port} dbname={quoted(side.database)}"
        f" user={quoted(place.user)} password={quoted(place.password)}"
    )


def two_sides(servers: PgServers, move: Move, made: str, encoding: str = "UTF8") -> None:
    """Make both databases, and in both the control schema and what ``made`` makes."""
    for side in (move.source, move.target):
        first = servers.admin(side.instance)
        # 15 starts a worker only so often
        first.execute(keyword("ALTER SYSTEM SET wal_retrieve_retry_interval = '100ms'"))
        first.execute(keyword("SELECT pg_catalog.pg_reload_conf()"))
        first.execute(
            sql(
                "CREATE DATABASE {} TEMPLATE template0 ENCODING {} LC_COLLATE 'C' LC_CTYPE 'C'",
                ident(side.database),
                literal(encoding),
            )
        )
        session = servers.admin(side.instance, side.database)
        session.execute(keyword("CREATE SCHEMA freehold"))
        for statement in control_sql():
            session.execute(statement)
        session.execute(raw(made))


def follow(servers: PgServers, move: Move, direction: str = "f", *, copy: bool = True) -> None:
    """Publish every table that holds rows, copy them, and fill the other side from then on. Nobody writes yet."""
    home, fed = (move.source, move.target) if direction == "f" else (move.target, move.source)
    name = stream(move.id, direction)
    here, there = servers.admin(home.instance, home.database), servers.admin(fed.instance, fed.database)
    ((answer,),) = here.query(question(move.schemas, ()))
    tables = inventory(home, move.schemas, str(answer)).stored
    for table in tables:
        if not table.key and table.replica_identity == "d":
            here.execute(sql("ALTER TABLE ONLY {} REPLICA IDENTITY FULL", ident(table.name.schema, table.name.table)))
    names = [ident(one.name.schema, one.name.table) for one in tables] + [ident(*BARRIER)]
    here.execute(sql("CREATE PUBLICATION {} FOR TABLE ONLY {}", ident(name), join(", ONLY ", names)))
    here.query(sql("SELECT pg_catalog.pg_create_logical_replication_slot({}, 'pgoutput')", literal(name)))
    if copy:
        there.execute(keyword("SET session_replication_role = replica"))
        for table in tables:
            columns = join(", ", [ident(one.name) for one in table.columns if not one.generated])
            full = ident(table.name.schema, table.name.table)
            blocks = here.copy_out(sql("COPY (SELECT {} FROM ONLY {}) TO STDOUT", columns, full))
            there.copy_in(sql("COPY {} ({}) FROM STDIN", full, columns), blocks)
        there.execute(keyword("RESET session_replication_role"))
    there.execute(
        sql(
            "CREATE SUBSCRIPTION {} CONNECTION {} PUBLICATION {}"
            " WITH (create_slot = false, slot_name = {}, copy_data = false, binary = false)",
            ident(name),
            literal(connection(servers, home)),
            ident(name),
            literal(quote_ident(name)[1:-1]),
        )
    )


def unfollow(servers: PgServers, move: Move) -> None:
    """Take away the subscriptions of both sides, and then the slots."""
    for side in (move.source, move.target):
        session = servers.admin(side.instance, side.database)
        for direction in "fr":
            name = ident(stream(move.id, direction))
            for what in ("DISABLE", "SET (slot_name = NONE)"):
                session.attempt(sql("ALTER SUBSCRIPTION {} {}", name, raw(what)))
            session.attempt(sql("DROP SUBSCRIPTION {}", name))
    for side in (move.source, move.target):
        session = servers.admin(side.instance, side.database)
        for _ in range(500):
            session.attempt(
                keyword(
                    "SELECT pg_catalog.pg_drop_replication_slot(slot_name) FROM pg_catalog.pg_replication_slots"
                    " WHERE NOT active AND NOT temporary"
                )
            )
            if not session.query(keyword("SELECT FROM pg_catalog.pg_replication_slots")):
                break
            time.sleep(0.02)


def as_worker(servers: PgServers, side: Side, text: str) -> None:
    """Change rows of a side as nobody but a defect would: no trigger, no foreign key."""
    session = servers.admin(side.instance, side.database)
    session.execute(keyword("SET session_replication_role = replica; SET TimeZone = 'UTC'"))
    session.execute(raw(text))
    session.close()


@dataclass
class Writers:
    """Threads that write all the time; ``commits`` counts what was acknowledged."""

    servers: PgServers
    side: Side
    work: Callable[[PgSession, random.Random], None]
    count: int = 4
    commits: int = 0
    failures: list[BaseException] = field(default_factory=list)
    slowest_ms: float = 0.0
    stopping: threading.Event = field(default_factory=threading.Event)

    def _write(self, number: int) -> None:
        draw = random.Random(number)
        session = self.servers.login(
            self.side.instance,
            self.side.database,
            self.servers.addresses()[self.side.instance].user,
            self.servers.addresses()[self.side.instance].password,
        )
        try:
            while not self.stopping.is_set():
                began = time.perf_counter()
                self.work(session, draw)
                self.slowest_ms = max(self.slowest_ms, (time.perf_counter() - began) * 1000)
                self.commits += 1
                time.sleep(0.004)  # the machine has other work, and so has this process
        except BaseException as error:
            self.failures.append(error)
        finally:
            session.close()

    @contextmanager
    def writing(self) -> Iterator[Writers]:
        threads = [threading.Thread(target=self._write, args=(number,)) for number in range(self.count)]
        for thread in threads:
            thread.start()
        try:
            yield self
        finally:
            self.stopping.set()
            for thread in threads:
                thread.join()
        if self.failures:
            raise RuntimeError(f"clients failed: {self.failures}")


ODD = 'o\'dd "s" \n%ü<img>{}'
SERVICE = """
CREATE SCHEMA s; CREATE SCHEMA {odd};
CREATE TYPE s.mood AS ENUM ('sad', 'ok', 'happy');
CREATE TABLE s.account (
    id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, owner text, balance numeric(12, 2) NOT NULL,
    at timestamptz, note text, doubled numeric GENERATED ALWAYS AS (balance * 2) STORED
);
CREATE TABLE s.log (a integer, b text, c timestamptz, long text, m s.mood);
ALTER TABLE s.log REPLICA IDENTITY FULL; ALTER TABLE s.log ALTER long SET STORAGE EXTERNAL;
ALTER TABLE s.account ALTER note SET STORAGE EXTERNAL;
CREATE TABLE s.event (at date, id integer, v text, PRIMARY KEY (at, id)) PARTITION BY RANGE (at);
CREATE TABLE s.event_1 PARTITION OF s.event FOR VALUES FROM ('2026-01-01') TO ('2026-02-01');
CREATE TABLE s.event_2 PARTITION OF s.event FOR VALUES FROM ('2026-02-01') TO ('2026-03-01');
CREATE TABLE s.named (id integer PRIMARY KEY, name text NOT NULL UNIQUE, v text);
ALTER TABLE s.named REPLICA IDENTITY USING INDEX named_name_key;
CREATE TABLE s.number (id numeric PRIMARY KEY, v text);
CREATE TABLE s.mix (tenant text, n integer, v s.mood, PRIMARY KEY (tenant, n));
CREATE TABLE s.hot (id integer PRIMARY KEY, n bigint NOT NULL);
CREATE TABLE s.emptied (id integer PRIMARY KEY, v text);
CREATE TABLE {odd}.{odd} ({odd} integer PRIMARY KEY, "v'al" text, "100%" text);
""".replace("{odd}", ident(ODD).shown())
ROWS = """
INSERT INTO s.account (owner, balance, at, note)
    SELECT 'o' || i, i, timestamptz '2026-01-01 UTC' + i * interval '1 h', repeat(md5(i::text), 100)
    FROM generate_series(1, 3000) AS i;
INSERT INTO s.log SELECT i % 50, 'b' || i, now(), repeat(md5(i::text), 100), 'ok' FROM generate_series(1, 500) AS i;
INSERT INTO s.event SELECT date '2026-01-01' + i % 59, i, 'v' FROM generate_series(1, 2000) AS i;
INSERT INTO s.named SELECT i, 'n' || i, 'v' FROM generate_series(1, 500) AS i;
INSERT INTO s.number SELECT i, 'v' FROM generate_series(1, 500) AS i;
INSERT INTO s.mix SELECT 't' || i % 7, i, 'ok' FROM generate_series(1, 700) AS i;
INSERT INTO s.hot VALUES (1, 0), (2, 0);
INSERT INTO s.emptied SELECT i, 'v' FROM generate_series(1, 50) AS i;
INSERT INTO {odd}.{odd} SELECT i, 'x', NULL FROM generate_series(1, 300) AS i;
""".replace("{odd}", ident(ODD).shown())
_WORK = (
    "UPDATE s.account SET balance = balance + 1 WHERE id = {i}",
    (
        "UPDATE s.account SET balance = balance - 1 WHERE id = {i};"
        " UPDATE s.account SET balance = balance + 1 WHERE id = {j}"
    ),
    "UPDATE s.account SET id = id + 100000 WHERE id = {i}; UPDATE s.account SET id = id - 100000 WHERE id > 100000",
    "DELETE FROM s.account WHERE id = {i}",
    (
        "INSERT INTO s.account (id, owner, balance, note) VALUES ({i}, 'again', {j}, repeat('y', 3000))"
        " ON CONFLICT DO NOTHING"
    ),
    "UPDATE s.account SET note = note || 'z' WHERE id = {i}",
    "INSERT INTO s.log VALUES ({i} % 50, 'b{j}', now(), repeat('q', 2500), 'happy')",
    "UPDATE s.log SET m = 'sad', b = b || '+' WHERE a = {i} % 50 AND b = 'b{k}'",
    "DELETE FROM s.log WHERE a = {i} % 50 AND b LIKE '%+'",
    "UPDATE s.event SET v = v || 'w' WHERE id = {i}",
    "UPDATE s.event SET at = at + 31 WHERE id = {i} AND at < '2026-01-28'",
    "UPDATE s.named SET name = name || 'x', id = -id WHERE id = {k}",
    "UPDATE s.named SET v = 'w', name = 'n' || {k} WHERE id = -{k}",
    "UPDATE s.number SET id = id::text::numeric(20, 5), v = v || 'a' WHERE id = {k}",
    "UPDATE s.number SET id = trim_scale(id), v = '' WHERE id = {k}",
    "UPDATE s.mix SET v = 'sad' WHERE tenant = 't{t}' AND n % 100 = {k} % 100",
    "DELETE FROM s.mix WHERE n = {k}; INSERT INTO s.mix VALUES ('t{t}', {k}, 'happy') ON CONFLICT DO NOTHING",
    "UPDATE s.hot SET n = n + 1 WHERE id = 1",
    "UPDATE s.hot SET n = n + 1 WHERE id = 1",
    "UPDATE {odd}.{odd} SET \"v'al\" = 'y{j}', \"100%\" = '%s' WHERE {odd} = {k} % 300",
    "INSERT INTO s.emptied VALUES ({k}, 'v') ON CONFLICT DO NOTHING",
)


def work(session: PgSession, draw: random.Random) -> None:
    """One transaction of a client of SERVICE: rows change, move, come and go; now and then a table is emptied."""
    text = "TRUNCATE s.emptied" if draw.random() < 0.002 else draw.choice(_WORK)
    numbers = {
        "i": draw.randint(1, 3000),
        "j": draw.randint(1, 3000),
        "k": draw.randint(1, 500),
        "t": draw.randint(0, 6),
    }
    for name, value in numbers.items():
        text = text.replace("{" + name + "}", str(value))
    try:
        # not attempt(): it waits inside libpq and lets no other thread of this process run meanwhile
        session.execute(raw("BEGIN; " + text.replace("{odd}", ident(ODD).shown()) + "; COMMIT"))
    except ServerError as error:
        # the clients meet each other now and then: duplicate keys, deadlocks
        session.execute(keyword("ROLLBACK"))
        if error.sqlstate not in ("23505", "40P01", "55P03"):
            raise


def silent(event: Event) -> None:
    """Takes events and does nothing with them."""
