"""A server is read from unusual places: a standby, through PgBouncer, its console, and by a login without any right."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import quote

import pytest

from freehold.discover.live.checks._kind import readiness
from freehold.discover.live.model import LiveServer
from freehold.discover.live.view import view
from freehold.errors import MissingRight, ServerError
from freehold.pg import live
from freehold.pg.embedded import account, binaries
from freehold.pg.livesession import side_by_side
from freehold.pg.session import connect
from freehold.sqltext import keyword, raw
from support.clusters import PASSWORD, TidyServers, elsewhere, embedded, instance, ram_folder, unlocked_hba
from support.command import Said, desk

BOUNCER = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
pytestmark = [pytest.mark.real, pytest.mark.xdist_group("live-places")]

SHOP = """
CREATE SCHEMA orders; CREATE TABLE orders.item (id int PRIMARY KEY);
CREATE TABLE orders.line (item int REFERENCES orders.item);
"""
INI = """\
[databases]
rw = host=127.0.0.1 port={server} dbname=shop
postgres = host=127.0.0.1 port={server}
closed = host=127.0.0.1 port={server} dbname=shop
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = plain
auth_file = {users}
admin_users = postgres
pool_mode = transaction
{more}
"""


@dataclass(frozen=True)
class Places:
    servers: TidyServers
    port: int
    standby: int

    def url(self, port: int, database: str, user: str = "postgres", password: str = PASSWORD) -> str:
        return f"postgresql://{user}:{quote(password, safe='')}@127.0.0.1:{port}/{database}"


@pytest.fixture(scope="module")
def places() -> Iterator[Places]:
    """A server with two databases beside its own, and a hot standby that was copied from it while it was down."""
    one = instance("main")
    with embedded([one]) as (owner, servers):
        admin = servers.admin("main")
        for text in (
            "CREATE DATABASE shop",
            "CREATE DATABASE closed",
            "REVOKE CONNECT ON DATABASE closed, shop FROM PUBLIC",
            "CREATE ROLE plain LOGIN PASSWORD 'p'",
        ):
            admin.execute(raw(text))
        servers.admin("main", "shop").execute(raw(SHOP))
        servers.tidy()
        home = owner.home(one).data
        who = account.choose({})
        programs = binaries.find("", who, home.parent.parent)
        owner.down([one])
        copy = home.parent / "standby"
        copy.mkdir(mode=0o700)
        who.owns(copy)
        assert who.run(["cp", "-a", f"{home}/.", copy]).returncode == 0
        (copy / "standby.signal").touch()
        who.owns(copy / "standby.signal")
        owner.up([one], lambda name: PASSWORD)
        servers.write_hba("main", unlocked_hba())
        port = elsewhere()
        words = [programs.program("pg_ctl"), "-D", copy, "-w", "-l", copy / "its.log", "-o"]
        own = f"-p {port} -c unix_socket_directories='' -c logging_collector=off"
        said = who.run([*words, own, "start"], timeout_s=60)
        assert said.returncode == 0, said.stdout + (copy / "its.log").read_text()
        try:
            yield Places(servers, servers.addresses()["main"].port, port)
        finally:
            who.run([programs.program("pg_ctl"), "-D", copy, "-m", "immediate", "stop"], timeout_s=60)


@pytest.fixture
def pool(places: Places, request: pytest.FixtureRequest) -> Iterator[int]:
    """The port of a PgBouncer before the server; its parameter is one more line of its settings."""
    if BOUNCER is None:
        pytest.skip("PgBouncer is not installed here")
    folder, port = ram_folder(), elsewhere()
    users = folder / "users.txt"
    users.write_text(f'"postgres" "{PASSWORD}"\n"plain" "p"\n')
    ini = folder / "pgbouncer.ini"
    ini.write_text(INI.format(server=places.port, port=port, users=users, more=getattr(request, "param", "")))
    who = account.choose({})
    for path in (users, ini):
        who.owns(path)
    running = subprocess.Popen(
        [BOUNCER, "-q", str(ini)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        cwd="/",
        user=who.uid if who.hands_over else None,
        extra_groups=[] if who.hands_over else None,
    )
    try:
        _answers(places.url(port, "postgres"))
        yield port
    finally:
        running.kill()
        running.communicate()
        shutil.rmtree(folder)


def _answers(url: str) -> None:
    deadline = time.monotonic() + 20
    while True:
        try:
            live.read(url, databases=("nothing",))
            return
        except ServerError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def unseen(found: LiveServer) -> dict[str, str]:
    return {one.what: one.why for one in found.unseen}


def freehold(*words: str) -> Said:
    with desk() as place:
        return place.run(*words)


def tables(found: LiveServer, database: str) -> set[str] | None:
    contents = found.databases[database].contents
    return None if contents is None else {table.name.table for table in contents.tables}


def test_a_standby_is_read_and_called_one(places: Places) -> None:
    found = live.read(places.url(places.standby, "postgres"))
    assert found.in_recovery
    assert tables(found, "shop") == {"item", "line"}
    assert "standby" in unseen(found)["who uses the primary"]
    assert "who uses the primary" not in unseen(live.read(places.url(places.port, "postgres")))
    said = freehold("discover", places.url(places.standby, "postgres"))
    assert said.status in (0, 2), said.all
    assert "a standby" in " ".join(said.out.split())


@pytest.mark.parametrize(
    "pool", ["", "ignore_startup_parameters = options"], ids=["refused", "passed-over"], indirect=True
)
def test_a_pool_in_transaction_mode_is_read_through(places: Places, pool: int) -> None:
    found = live.read(places.url(pool, "rw"))
    # the pool calls the database otherwise, and leads the name of another one to it
    assert tables(found, "shop") == {"item", "line"}
    assert tables(found, "closed") is None
    assert unseen(found)['database "closed"'] == 'the pool leads this name to database "shop"'
    assert "pool" in unseen(found)["which clients stand behind the pool"]
    through, straight = found.server, live.read(places.url(places.port, "postgres")).server
    assert through.databases.keys() == straight.databases.keys()
    assert through.roles == straight.roles
    # nothing is left behind on the server connections that others get next
    plain = {"host": "127.0.0.1", "dbname": "postgres", "user": "postgres", "password": PASSWORD}
    shown = []
    for port in (pool, places.port):
        session = connect({**plain, "port": port})
        shown.append(_settings(session.query(keyword("SHOW ALL"))))
        session.close()
    assert shown[0] == shown[1]


def _settings(rows: Sequence[Sequence[object]]) -> dict[object, object]:
    mine = {"application_name", "client_encoding"}
    return {row[0]: row[1] for row in rows if row[0] not in mine}


def test_the_console_of_a_pool_is_no_database(places: Places, pool: int) -> None:
    said = freehold("discover", places.url(pool, "pgbouncer"))
    assert said.status == 1, said.all
    assert "PgBouncer's own console" in said.err
    assert "rw" in said.err
    assert f"127.0.0.1:{places.port}" in said.err
    assert "Traceback" not in said.all


def test_a_login_without_rights_is_told_what_it_cannot_see(places: Places) -> None:
    with pytest.raises(MissingRight, match='permission denied for database "shop": User does not have CONNECT'):
        live.read(places.url(places.port, "shop", "plain", "p"))
    admin = places.servers.admin("main")
    admin.execute(raw("REVOKE SELECT ON pg_catalog.pg_stat_activity, pg_catalog.pg_stat_replication FROM PUBLIC"))
    try:
        found = live.read(places.url(places.port, "postgres", "plain", "p"))
        assert {'database "shop"', 'database "closed"', "who is connected"} <= unseen(found).keys()
        states = {one.check.name: one.state for one in readiness(view(found))}
        # what could not be read is not called right
        assert states["writable_by_all"] == states["open_definer"] == "unknown"
        said = freehold("discover", places.url(places.port, "postgres", "plain", "p"))
        assert said.status in (0, 2), said.all
        assert "Traceback" not in said.all
    finally:
        admin.execute(raw("GRANT SELECT ON pg_catalog.pg_stat_activity, pg_catalog.pg_stat_replication TO PUBLIC"))
        places.servers.tidy()


def test_an_interrupted_look_ends_at_once(places: Places) -> None:
    with desk() as place:
        process = place.start("discover", places.url(places.port, "postgres"), "--window", "60s")
        assert process.stdout is not None
        assert "reading" in process.stdout.readline()
        assert "asking" in process.stdout.readline()
        time.sleep(1)
        begun = time.monotonic()
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=30)
        assert process.returncode == 130, out
        assert "Traceback" not in out
        assert time.monotonic() - begun < 10


def test_what_runs_is_cancelled_when_one_is_interrupted() -> None:
    class Session:
        def __init__(self) -> None:
            self.stopped = threading.Event()

        def cancel(self) -> None:
            self.stopped.set()

    running = Session()

    def work(name: str) -> bool:
        if name == "interrupted":
            raise KeyboardInterrupt
        return running.stopped.wait(20)

    begun = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        side_by_side(work, ("interrupted", "slow", "never begun"), [running])
    assert running.stopped.is_set()
    assert time.monotonic() - begun < 10
