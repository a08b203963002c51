"""Three services of which two read the third: through foreign tables, through a replica, and by views that stand on
both. They part and come together again while tests kill what moves them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from freehold.cli.context import Context
from freehold.cli.out import Out
from support.command import Desk, desk
from support.touring import homes

DECLARATION = """\
platform: three
server: embedded
layout: schema-per-service
pooler: pgbouncer
services:
  clerks: {schemas: [clerks], migrations: clerks, pool: 3, reads: [people.person]}
  people: {schemas: [people], migrations: people, pool: 3}
  rents:
    schemas: [rents]
    migrations: rents
    pool: 3
    reads: [people.person, {table: people.town, via: replica}]
"""
MADE = {
    "people": "CREATE TYPE people.mood AS ENUM ('so', 'la');"
    "CREATE TABLE people.person (id bigint PRIMARY KEY, name text NOT NULL, mood people.mood NOT NULL DEFAULT 'so');"
    "INSERT INTO people.person SELECT n, 'name ' || n FROM generate_series(1, 30) AS n;"
    "CREATE TABLE people.town (id int PRIMARY KEY, name text); INSERT INTO people.town VALUES (1, 'Ulm')",
    "rents": "CREATE TABLE rents.bill (id bigint PRIMARY KEY, person bigint NOT NULL);"
    "INSERT INTO rents.bill SELECT n, n % 9 + 1 FROM generate_series(1, 40) AS n",
    "clerks": "CREATE TABLE clerks.desk (id int PRIMARY KEY)",
}
STAND_ON_IT = {
    "rents": "CREATE VIEW rents.due AS SELECT b.id, p.name, p.mood, t.name AS town FROM rents.bill AS b"
    " JOIN people.person AS p ON p.id = b.person CROSS JOIN people.town AS t;"
    "CREATE FUNCTION rents.many() RETURNS bigint LANGUAGE sql STABLE AS $$ SELECT count(*) FROM people.person $$",
    "clerks": "CREATE VIEW clerks.names AS SELECT id, name FROM people.person",
}
ASKED = {
    "rents": "SELECT (SELECT count(*) FROM rents.due), (SELECT min(name || mood || town) FROM rents.due), rents.many()",
    "clerks": "SELECT count(*), max(name) FROM clerks.names",
    "people": "SELECT count(*) FROM people.person",
}
ANSWERS = {"rents": [(40, "name 1soUlm", 30)], "clerks": [(30, "name 9")], "people": [(30,)]}

_INSTANCE = r"""
SELECT 'slot ' || slot_name FROM pg_replication_slots UNION ALL SELECT 'subscription ' || subname FROM pg_subscription
UNION ALL SELECT 'login ' || rolname FROM pg_roles WHERE rolname ~ '(_link|_repl)$|^freehold_mv_'
"""
_DATABASE = """
SELECT 'publication ' || pubname FROM pg_publication
UNION ALL SELECT 'server ' || srvname FROM pg_foreign_server
UNION ALL SELECT 'event trigger ' || evtname FROM pg_event_trigger
UNION ALL SELECT 'mirror in ' || current_database() FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = relnamespace
    WHERE relkind = 'f' GROUP BY nspname
"""


@contextmanager
def three() -> Iterator[Desk]:
    """The platform, up and running in one database."""
    with desk() as found:
        (found.folder / "freehold.yaml").write_text(DECLARATION)
        for name, text in MADE.items():
            (found.folder / name).mkdir()
            (found.folder / name / "1.sql").write_text(text)
        up = found.run("up", "--no-prove", timeout_s=300)
        assert up.status == 0, up.all
        for name, text in STAND_ON_IT.items():
            (found.folder / name / "2.sql").write_text(text)
        more = found.run("apply", "--yes", timeout_s=300)
        assert more.status == 0, more.all
        yield found


def move(found: Desk, *words: str) -> None:
    said = found.run("move", *words, "--json", timeout_s=300)
    assert said.status == 0, (words, said.all)


def answer(found: Desk) -> dict[str, list[tuple[object, ...]]]:
    """What each service's own login is answered, through its pool."""
    return {name: found.psql(found.run("url", name).out.strip(), text) for name, text in ASKED.items()}


def there(found: Desk) -> list[str]:
    """Everything that links and moves have on the server, but for retired schemas."""
    url = homes(found)["people"][0]
    with psycopg.connect(url, autocommit=True) as session:
        seen = [str(one) for (one,) in session.execute(_INSTANCE.encode()).fetchall()]
        databases = session.execute("SELECT datname FROM pg_database WHERE datallowconn AND NOT datistemplate")
        names = [str(name) for (name,) in databases.fetchall()]
    for name in names:
        with psycopg.connect(url, dbname=name, autocommit=True) as session:
            seen += [str(one) for (one,) in session.execute(_DATABASE.encode()).fetchall()]
    return sorted(seen)


def wanted(found: Desk) -> list[str]:
    """What of it there is to be while no service is on the move, where they live now."""
    placements = Context(str(found.folder / "freehold.yaml"), Out("move", as_json=False)).placements
    seen = [f"login {one.role}" for one in placements.link_logins]
    for link in placements.links:
        if link.replica_login:
            seen += [f"slot {link.name}", f"subscription {link.name}", f"publication {link.name}"]
        if any(table.via.value == "foreign-table" for table in link.tables):
            seen += [f"server {link.name}", *(f"mirror in {link.reader[1]}" for _ in link.schemas)]
    return sorted(seen)
