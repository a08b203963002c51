"""Views, materialized views, functions and policies that read another service's tables go where their service goes, as
foreign tables, replicas or the tables themselves serve them, and answer the same everywhere."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import psycopg
import pytest

from support.command import Desk, desk
from support.touring import homes, in_order

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(
        shutil.which("pgbouncer", path="/usr/sbin:/usr/bin") is None, reason="PgBouncer is not installed"
    ),
]
LONG = "ü" * 31 + "s"
"""63 bytes."""
PEOPLE, PERSON, DESK = 'pe"o.ple', LONG, "b'ü ro"

DECLARATION = """\
platform: crossed
server: embedded
layout: central
pooler: pgbouncer
services:
  rents:
    schemas: ["b'ü ro"]
    migrations: rents
    pool: 4
  people:
    schemas: ['pe"o.ple']
    migrations: people
    pool: 4
"""
TABLE = f'"pe""o.ple"."{PERSON}"'
PEOPLE_SQL = f"""
CREATE TYPE "pe""o.ple"."mo od" AS ENUM ('so', 'la');
CREATE TABLE {TABLE} (id bigint PRIMARY KEY, "n'ame" text NOT NULL, mood "pe""o.ple"."mo od" NOT NULL DEFAULT 'so');
INSERT INTO {TABLE} SELECT n, 'name ' || n FROM generate_series(1, 100) AS n;
CREATE TABLE "pe""o.ple".town (id int PRIMARY KEY, name text); INSERT INTO "pe""o.ple".town VALUES (1, 'Ulm');
"""
RENTS_SQL = f"""
CREATE TABLE "b'ü ro".bill (id bigint PRIMARY KEY, person bigint NOT NULL);
INSERT INTO "b'ü ro".bill SELECT n, n % 20 FROM generate_series(1, 200) AS n;
CREATE VIEW "b'ü ro"."vi ew" AS SELECT b.id, p."n'ame", p.mood
    FROM "b'ü ro".bill AS b JOIN {TABLE} AS p ON p.id = b.person;
CREATE VIEW "b'ü ro".above AS SELECT mood, count(*) AS n FROM "b'ü ro"."vi ew" GROUP BY 1;
CREATE MATERIALIZED VIEW "b'ü ro".kept AS SELECT p.id, p."n'ame" FROM {TABLE} AS p WHERE p.id <= 50;
CREATE UNIQUE INDEX kept_id ON "b'ü ro".kept (id);
CREATE FUNCTION "b'ü ro".plain() RETURNS bigint LANGUAGE sql STABLE AS $$ SELECT count(*) FROM {TABLE} $$;
CREATE FUNCTION "b'ü ro".atomic(one bigint) RETURNS text LANGUAGE sql STABLE
    BEGIN ATOMIC SELECT "n'ame" FROM {TABLE} AS p WHERE p.id = one; END;
CREATE FUNCTION "b'ü ro".loops() RETURNS bigint LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
    DECLARE found bigint := 0; one record; BEGIN
    FOR one IN SELECT id FROM {TABLE} LOOP found := found + one.id; END LOOP; RETURN found; END $$;
CREATE TABLE "b'ü ro".guarded (person bigint);
INSERT INTO "b'ü ro".guarded SELECT n FROM generate_series(90, 110) AS n;
ALTER TABLE "b'ü ro".guarded ENABLE ROW LEVEL SECURITY;
CREATE MATERIALIZED VIEW "b'ü ro".towns AS SELECT name, "b'ü ro".plain() AS n FROM "pe""o.ple".town;
CREATE VIEW "b'ü ro".town AS SELECT max(name) AS name FROM "pe""o.ple".town;
CREATE POLICY known ON "b'ü ro".guarded USING (EXISTS (SELECT FROM {TABLE} AS p WHERE p.id = guarded.person));
"""
CROSSING = {
    'view "b\'ü ro"."vi ew"',
    'materialized view "b\'ü ro".kept',
    'function "b\'ü ro".plain()',
    'function "b\'ü ro".atomic(bigint)',
    'function "b\'ü ro".loops()',
    'policy known on "b\'ü ro".guarded',
    'materialized view "b\'ü ro".towns',
    'view "b\'ü ro".town',
}
ANSWERS = (
    'SELECT id, "n\'ame", mood::text FROM "b\'ü ro"."vi ew" ORDER BY id',
    'SELECT mood::text, n FROM "b\'ü ro".above',
    'SELECT id, "n\'ame" FROM "b\'ü ro".kept ORDER BY id',
    'SELECT "b\'ü ro".plain(), "b\'ü ro".atomic(7), "b\'ü ro".loops()',
    'SELECT count(*) FROM "b\'ü ro".guarded',
    'SELECT v.name, t.name, n FROM "b\'ü ro".town AS v, "b\'ü ro".towns AS t',
)
LIMITS = ("--lag", "10s", "--pause", "20s", "--no-backup")


def declare(found: Desk, *reads: str) -> None:
    """The platform, with what ``rents`` reads if anything."""
    lines = "".join(f"      - {read}\n" for read in reads)
    text = DECLARATION.replace(
        "    migrations: rents\n", "    migrations: rents\n" + (f"    reads:\n{lines}" if lines else "")
    )
    (found.folder / "freehold.yaml").write_text(text, encoding="utf-8")


def run(found: Desk, *words: str, status: int = 0) -> dict[str, object]:
    more = LIMITS if words[1] in ("auto", "start") else LIMITS[:-1]
    said = found.run(*words, "--json", *more, timeout_s=600)
    assert said.status == status, said.all
    return said.document()


def answers(found: Desk) -> list[list[tuple[object, ...]]]:
    """What the service's own login is answered."""
    url = found.run("url", "rents").out.strip()
    with psycopg.connect(url, autocommit=True) as session:
        return [session.execute(one.encode()).fetchall() for one in ANSWERS]


def at(found: Desk, service: str, sql: str) -> list[tuple[object, ...]]:
    """As the administrator, where a service lives."""
    url, _, _ = homes(found)[service]
    with psycopg.connect(url, autocommit=True) as session:
        session.execute("SET freehold.moving = 'on'")
        cursor = session.execute(sql.encode())
        return cursor.fetchall() if cursor.description else []


def bases(found: Desk) -> tuple[str, str]:
    """What the tables that rents reads are in its own database, person and town: r(eal or replica), or f(oreign)."""
    kind = '(SELECT relkind::text FROM pg_class WHERE oid = \'"pe""o.ple".{}\'::regclass)'
    ((person, town),) = at(found, "rents", f"SELECT {kind.format(chr(34) + PERSON + chr(34))}, {kind.format('town')}")
    return str(person), str(town)


def begin(found: Desk, *reads: str) -> list[list[tuple[object, ...]]]:
    declare(found, *reads)
    for name, text in (("people", PEOPLE_SQL), ("rents", RENTS_SQL)):
        (found.folder / name).mkdir()
        (found.folder / name / "1.sql").write_text(text, encoding="utf-8")
    up = found.run("up", "--no-prove", timeout_s=300)
    assert up.status == 0, up.all
    return answers(found)


FOREIGN = '\'"pe""o.ple"."' + PERSON + "\"'"
TOWN = '"pe""o.ple".town'
FOREIGN_TOWN, REPLICA_TOWN = f"'{TOWN}'", f"{{table: '{TOWN}', via: replica}}"


def test_who_reads_moves_and_is_reunited_with_whom_it_reads() -> None:
    with desk() as found:
        before = begin(found)
        refused(found)
        declare(found, FOREIGN, REPLICA_TOWN)
        run(found, "move", "start", "--to", "database-per-service", "--service", "rents")
        given_up(found)
        assert answers(found) == before
        run(found, "move", "start", "--to", "database-per-service", "--service", "rents")
        run(found, "move", "verify")
        control(found)
        for action in ("cutover", "rollback", "cutover"):
            run(found, "move", action)
            assert answers(found) == before, action
        run(found, "move", "complete", "--yes")
        assert (bases(found), answers(found)) == (("f", "r"), before)
        run(found, "move", "auto", "--to", "database-per-service")
        followed(found, before)
        in_order(found, "database-per-service", restart=True, prove=False)
        run(found, "move", "auto", "--to", "schema-per-service")
        assert (bases(found), answers(found)) == (("r", "r"), before)
        in_order(found, "schema-per-service", restart=True)


def test_who_is_read_moves_away_from_under_the_views_of_who_stays() -> None:
    with desk() as found:
        before = begin(found, FOREIGN, FOREIGN_TOWN)
        with noticed_nothing(found, before):
            run(found, "move", "auto", "--to", "database-per-service", "--service", "people")
        assert (bases(found), answers(found)) == (("f", "f"), before)
        at(found, "people", f"INSERT INTO {TABLE} VALUES (101, 'late'), (102, 'later')")
        assert answers(found)[3:5] == [[(102, "name 7", 5253)], [(13,)]]
        home = homes(found)["people"][0].rpartition("/")[2].partition("?")[0]
        run(found, "move", "auto", "--service", "rents", "--to-instance", "main", "--to-database", home)
        assert (bases(found), answers(found)[3:5]) == (("r", "r"), [[(102, "name 7", 5253)], [(13,)]])


def given_up(found: Desk) -> None:
    """An abort leaves no link behind, at either end, and no database; also where this machine has forgotten that the
    move made them."""
    assert at(found, "people", LINKS) == [(1, 1, 1, 2)]
    (found.folder / ".freehold" / "moves.json").unlink()
    run(found, "move", "find")
    run(found, "move", "abort", "--yes")
    assert at(found, "people", LINKS) == [(0, 0, 0, 0)]
    assert at(found, "people", "SELECT datname FROM pg_database WHERE datname = 'crossed_rents'") == []


LINKS = """
SELECT (SELECT count(*) FROM pg_subscription WHERE subname LIKE '%crossed_rents%'),
    (SELECT count(*) FROM pg_replication_slots WHERE slot_name LIKE '%crossed_rents%'),
    (SELECT count(*) FROM pg_publication WHERE pubname LIKE '%crossed_rents%'),
    (SELECT count(*) FROM pg_roles WHERE rolname LIKE '%\\_link' OR rolname LIKE '%\\_repl')
"""


@contextmanager
def noticed_nothing(found: Desk, before: Sequence[object]) -> Iterator[None]:
    """Somebody reads all the while, and is never answered anything else."""
    ended = threading.Event()
    told: list[object] = []
    url = found.run("url", "rents").out.strip()

    def read() -> None:
        with psycopg.connect(url, autocommit=True, prepare_threshold=None) as session:
            while not ended.is_set():
                told.append([session.execute(one.encode()).fetchall() for one in ANSWERS])
                ended.wait(0.02)

    with ThreadPoolExecutor(1) as pool:
        reading = pool.submit(read)
        try:
            yield
        finally:
            ended.set()
        reading.result()
    assert len(told) > 20
    assert all(one == before for one in told)


def refused(found: Desk) -> None:
    """Undeclared, each is named with the lines that would declare it, whichever of the two would move."""
    told = run(found, "move", "start", "--to", "database-per-service", "--dry-run", status=2)
    findings = [one for one in listed(told, "findings") if one["code"] == "crossing_objects"]
    for service in ("people", "rents"):
        mine = [one for one in findings if one["service"] == service]
        assert {one["object"] for one in mine} == CROSSING
        assert all('rents:\n    reads:\n      - "' in str(one["remedy"]) for one in mine)


def followed(found: Desk, before: Sequence[object]) -> None:
    """A replica is copied again from where its source lives now."""
    deadline = time.monotonic() + 60
    while answers(found) != before:
        assert time.monotonic() < deadline, answers(found)
        time.sleep(0.2)


def control(found: Desk) -> None:
    """A view that was changed at the new home is found, and only that."""
    url = homes(found)["rents"][0].replace("/crossed?", "/crossed_rents?")
    was = 'SELECT mood, count(*) AS n FROM "b\'ü ro"."vi ew" GROUP BY 1'
    with psycopg.connect(url, autocommit=True) as session:
        session.execute("SET freehold.moving = 'on'")
        session.execute(f'CREATE OR REPLACE VIEW "b\'ü ro".above AS {was.replace("count(*)", "max(id)")}')
        wrong = run(found, "move", "verify", status=2)
        (one,) = listed(wrong, "verifications")
        assert len(one["definitions"]) == 1
        assert 'view "b\'ü ro".above, view definition' in one["definitions"][0]
        session.execute(f'CREATE OR REPLACE VIEW "b\'ü ro".above AS {was}')
    run(found, "move", "verify")


def listed(document: dict[str, object], key: str) -> list[dict[str, list[str]]]:
    value = document[key]
    assert isinstance(value, list)
    return value
