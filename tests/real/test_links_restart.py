"""Foreign tables and replicas survive the end of either side: a restart, and SIGKILL of the server, with rows coming in
all the while. Each row that was committed at the source is seen through both exactly once.

The table has no key, so that a row which came twice would be there twice.
"""

from __future__ import annotations

import os
import signal
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import psycopg
import pytest

from freehold.errors import ServerError, Unreachable
from freehold.layouts.model import Instance
from freehold.pg.embedded import Embedded
from freehold.spec.model import Layout, Migrations, Service, TableName
from freehold.sqltext import raw
from support.applying import Workshop
from support.clusters import PASSWORD, VERSIONS, instance
from support.linked import admin, arrives, rows, running, session, workshop

pytestmark = pytest.mark.real

ENTRY = TableName("users", "entry")
BEFORE = 20_000
MADE = (
    "CREATE TABLE entry (id bigint NOT NULL, note text);"
    f"INSERT INTO entry SELECT -g, repeat('x', 100) FROM generate_series(1, {BEFORE}) AS g"
)
SERVICES = (
    Service("billing", ("billing",), reads=(ENTRY,)),
    Service("report", ("report",), reads=(ENTRY,), replicas=(ENTRY,)),
    Service("users", ("users",), migrations=Migrations(folder="u"), publishes=(ENTRY,)),
)
IDS = "SELECT id FROM users.entry WHERE id > 0"


@dataclass
class Writer:
    """Commits one row after the other at the source, and comes back when it is down. ``written`` are committed."""

    work: Workshop
    written: list[int] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)

    def go(self) -> None:
        while not self._stop.is_set():
            try:
                self._write()
            except psycopg.Error:
                self._stop.wait(0.05)

    def _write(self) -> None:
        placement = self.work.design().placements.of("users")
        address = self.work.servers.addresses()[placement.instance]
        login = placement.roles.app
        with psycopg.connect(
            host=address.host,
            port=address.port,
            dbname=placement.database,
            user=login,
            password=self.work.secrets.password(login),
            autocommit=True,
        ) as one:
            # the servers of tests lose what is not on disk in time, unless they are asked
            one.execute("SET synchronous_commit = on")
            while not self._stop.wait(0.002):
                number = len(self.written) + 1
                # whether the last one was committed is not known to who lost the connection
                if one.execute("SELECT count(*) FROM users.entry WHERE id = %s", (number,)).fetchone() == (0,):
                    one.execute("INSERT INTO users.entry VALUES (%s, 'w')", (number,))
                self.written.append(number)

    def stop(self) -> None:
        self._stop.set()

    def more(self, count: int = 20) -> None:
        """Wait until so many more are committed."""
        wanted, deadline = len(self.written) + count, time.monotonic() + 30
        while len(self.written) < wanted:
            assert time.monotonic() < deadline, "nothing is written"
            time.sleep(0.01)


@contextmanager
def writing(work: Workshop) -> Iterator[Writer]:
    writer = Writer(work)
    thread = threading.Thread(target=writer.go)
    thread.start()
    try:
        yield writer
    finally:
        writer.stop()
        thread.join()


def end(owner: Embedded, some: list[Instance], how: str) -> None:
    """The servers are gone: stopped, or killed with nothing said to anybody."""
    if how == "stop":
        owner.down(some)
        return
    for status in owner.status(some).values():
        os.kill(status.pid, signal.SIGKILL)
    while any(status.running for status in owner.status(some).values()):
        time.sleep(0.01)


def back(owner: Embedded, some: list[Instance], work: Workshop) -> None:
    """As `freehold up`: started, and if somebody took a port meanwhile, what names the old one follows."""
    places = work.servers.places
    ports = {name: place.port for name, place in places.items()}
    found = owner.up(some, lambda name: PASSWORD)
    places.update({name: replace(places[name], port=status.port) for name, status in found.items()})
    if ports == {name: place.port for name, place in places.items()}:
        assert work.sentences() == []
    else:
        work.apply()


@contextmanager
def taken(work: Workshop, name: str) -> Iterator[None]:
    """Somebody else listens where the instance did."""
    with socket.create_server(("127.0.0.1", work.servers.addresses()[name].port)):
        yield


def same(work: Workshop) -> None:
    """Both readers see what the source holds, each row once."""
    source = Counter(admin(work, "users", "SELECT id FROM users.entry"))
    assert set(source.values()) == {1}
    assert len(source) >= BEFORE
    assert Counter(rows(work, "billing", "SELECT id FROM users.entry")) == source
    arrives(work, "report", "SELECT count(*) FROM users.entry", [(len(source),)], seconds=90)
    assert Counter(rows(work, "report", "SELECT id FROM users.entry")) == source


@pytest.mark.parametrize("version", VERSIONS)
def test_both_survive_the_end_of_either_side(version: int, tmp_path: Path) -> None:
    with running(Layout.INSTANCE_PER_SERVICE, version, SERVICES) as (owner, servers):
        work = workshop(servers, tmp_path, Layout.INSTANCE_PER_SERVICE, SERVICES, (MADE,))
        work.apply()
        servers.restart_pending()
        work.apply()
        source, readers = ([instance(name, version) for name in names] for names in (("users",), ("billing", "report")))
        with writing(work) as writer:
            # before its copy is complete, most likely
            for some in (source, readers):
                writer.more(1)
                end(owner, some, "kill")
                back(owner, some, work)
            for how in ("stop", "kill"):
                arrives(work, "report", f"SELECT count(*) > {BEFORE} FROM users.entry", [(True,)], seconds=90)
                through = session(work, "billing")
                assert through.query(raw(IDS))
                end(owner, source, how)
                with pytest.raises(ServerError) as refused:
                    rows(work, "billing", IDS)
                assert getattr(refused.value, "sqlstate", "") == "08001"
                # what is there goes on being read, and is a beginning of what was written
                seen = rows(work, "report", "SELECT count(*), max(id) FROM users.entry WHERE id > 0")
                assert seen[0][0] == seen[0][1]
                back(owner, source, work)
                writer.more()
                # a session that had a connection gets another one
                assert through.query(raw("SELECT max(id) FROM users.entry"))
            for how in ("stop", "kill"):
                end(owner, readers, how)
                with pytest.raises(Unreachable):
                    rows(work, "report", IDS)
                writer.more()
                back(owner, readers, work)
                writer.more()
        same(work)
        assert len(writer.written) > 100
        assert work.sentences() == []


@pytest.mark.parametrize("version", VERSIONS)
def test_both_survive_the_end_of_the_server_they_share_and_another_port(version: int, tmp_path: Path) -> None:
    with running(Layout.DATABASE_PER_SERVICE, version, SERVICES) as (owner, servers):
        work = workshop(servers, tmp_path, Layout.DATABASE_PER_SERVICE, SERVICES, (MADE,))
        work.apply()
        main = [instance("main", version)]
        with writing(work) as writer:
            for how in ("kill", "stop"):
                writer.more()
                end(owner, main, how)
                back(owner, main, work)
            writer.more()
            before = servers.addresses()["main"].port
            end(owner, main, "stop")
            with taken(work, "main"):
                back(owner, main, work)
            assert servers.addresses()["main"].port != before
            writer.more()
        same(work)
        assert work.sentences() == []


def test_replicas_for_which_there_is_no_slot_yet_are_made_after_the_restart(tmp_path: Path) -> None:
    layout = Layout.DATABASE_PER_SERVICE
    readers = [Service(f"r{n}", (f"r{n}",), reads=(ENTRY,), replicas=(ENTRY,)) for n in range(3)]
    some = (*readers, SERVICES[-1])
    with running(layout, 18, some) as (owner, servers):
        main = instance("main", 18)
        with (owner.home(main).data / "freehold.conf").open("a") as out:
            out.write("max_replication_slots = 2\n")
        servers.restart({"main"})
        work = workshop(servers, tmp_path, layout, some, (MADE,))
        work.apply()
        waits = [note for note in work.plan().notes if "max_replication_slots is 2" in note]
        assert len(waits) == 1
        assert 'database "shop_r2"' in waits[0]
        # the plan says it, and holds nothing that cannot be done
        assert work.sentences() == []
        servers.restart_pending()
        assert {step.kind for step in work.plan().steps} == {"replication_slot", "subscription"}
        work.apply()
        assert work.sentences() == []
        for reader in readers:
            arrives(work, reader.name, "SELECT count(*) FROM users.entry", [(BEFORE,)], seconds=60)
