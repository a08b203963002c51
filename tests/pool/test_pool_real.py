"""Real PgBouncers in front of real servers, started, held back, killed and stopped as a person would."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import jsonschema
import psycopg
import pytest

from freehold.cli.documents import document_schema
from freehold.errors import ServerError
from freehold.local.clock import SystemClock
from freehold.pg.address import address_from_url
from freehold.pg.pgbouncer import programs
from freehold.pg.servers import PgServers
from freehold.prove.asking import Probe
from freehold.prove.run.doors import Doors
from support.command import Desk, Said, desk

BOUNCER = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(BOUNCER is None, reason="PgBouncer is not installed"),
]

DECLARATION = """\
platform: shop
{server}layout: {layout}
pooler: {pooler}
services:
  orders: {{pool: {{size: 2}}, migrations: m}}
  "us'er \\" ü": {{schemas: [people], pool: 3}}
"""
ODD = "us'er \" ü"


def declare(place: Desk, layout: str = "database-per-service", pooler: str = "pgbouncer", server: str = "") -> None:
    (place.folder / "m").mkdir(exist_ok=True)
    (place.folder / "m" / "1.sql").write_text("create table item (id int generated always as identity, at text);")
    (place.folder / "freehold.yaml").write_text(DECLARATION.format(layout=layout, pooler=pooler, server=server))


def url(place: Desk, *words: str) -> str:
    said = place.run("url", *words)
    assert said.status == 0, said.all
    return said.out.strip()


def status(said: Said) -> list[dict[str, object]]:
    document = said.document()
    jsonschema.validate(document, document_schema("pool"))
    pools = document["pools"]
    assert isinstance(pools, list)
    return pools


@pytest.fixture(scope="module")
def shop() -> Iterator[Desk]:
    with desk() as place:
        declare(place)
        said = place.run("up")
        assert said.status == 0, said.all
        yield place


def test_services_connect_through_their_pools_and_the_plan_is_empty(shop: Desk) -> None:
    for service, database in (("orders", "shop_orders"), (ODD, f"shop_{ODD}")):
        for role in ("app", "ro"):
            pooled, direct = url(shop, service, "--role", role), url(shop, service, "--role", role, "--direct")
            assert pooled != direct
            assert shop.psql(pooled, "select current_database(), inet_server_port()") == shop.psql(
                direct, "select current_database(), inet_server_port()"
            )
            assert shop.psql(pooled, "select current_database()") == [(database,)]
    assert f"DATABASE_URL={url(shop, 'orders')}" in (shop.folder / ".freehold/env/orders.env").read_text()
    assert shop.run("plan").status == 0


def test_a_pool_lets_in_only_logins_of_its_database_with_their_password(shop: Desk) -> None:
    mine, other = url(shop, "orders"), url(shop, ODD)
    login = mine.removeprefix("postgresql://").partition("@")[0]
    began = time.monotonic()
    for wrong in (
        mine.replace(login, login.partition(":")[0] + ":wrong"),  # another password
        other.replace(other.removeprefix("postgresql://").partition("@")[0], login),  # the pool of another service
        mine.rpartition("/")[0] + "/pgbouncer",  # its console
        mine.rpartition("/")[0] + "/postgres",  # a database that it does not serve
    ):
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(wrong).close()
    assert time.monotonic() - began < 20, "nobody without a password is kept waiting"
    psycopg.connect(mine).close()


def test_the_lookup_shows_no_login_but_those_of_its_database(shop: Desk) -> None:
    from freehold.local.secretsfile import SecretsFile

    port = url(shop, "orders", "--direct").rpartition("/")[0].rpartition(":")[2]
    password = SecretsFile(shop.folder / ".freehold/secrets.json").password("shop_pool")
    with psycopg.connect(host="127.0.0.1", port=port, user="shop_pool", password=password, dbname="shop_orders") as c:
        shown = {
            name: c.execute("select verifier from freehold.pool_login(%s)", (name,)).fetchall()
            for name in ("shop_orders_app", "shop_orders_ro", "postgres", "shop_backup", f"shop_{ODD}_app", "nobody")
        }
    assert {name for name, rows in shown.items() if rows} == {"shop_orders_app", "shop_orders_ro"}


def attempts(place: Desk, attack: str) -> tuple[dict[str, int], list[dict[str, str]]]:
    """How an attack ended, and its findings."""
    document = place.run("prove", "--attack", attack, "--json").document()
    by_attack, found = document["by_attack"], document["violations"]
    assert isinstance(by_attack, dict)
    assert isinstance(found, list)
    assert document["unknown"] == []
    return by_attack[attack], found


def in_orders(place: Desk) -> str:
    """Freehold's own login in the database of orders."""
    start, _, end = url(place, "--admin", "main").rpartition("/postgres")
    return f"{start}/shop_orders{end}"


@pytest.mark.parametrize("attack", ["pool_of_other_service", "pool_console", "pool_lookup"])
def test_a_clean_pool_gives_no_alarm(shop: Desk, attack: str) -> None:
    counted, found = attempts(shop, attack)
    assert found == []
    assert counted["held"] > 4
    assert counted["limit"] == 0


def test_who_reads_what_is_published_may_come_through_the_pool_of_its_service_on_every_instance() -> None:
    with desk() as place:
        declare(place, layout="instance-per-service")
        text = (place.folder / "freehold.yaml").read_text()
        (place.folder / "freehold.yaml").write_text(
            text.replace("pool: {size: 2}", "pool: {size: 2}, publishes: [orders.item]")
        )
        up = place.run("up", "--no-prove", timeout_s=300)
        assert up.status == 0, up.all
        counted, found = attempts(place, "pool_of_other_service")
        assert (counted["limit"], found) == (1, [])
        assert counted["held"] > 4


def test_leftovers_are_a_limit_unless_the_pool_resets(shop: Desk) -> None:
    counted, found = attempts(shop, "pool_leftovers")
    # two pools; the sixth, a temporary table, is refused by the server
    assert (counted["limit"], counted["held"], found) == (10, 2, [])


def test_a_login_let_into_another_database_is_let_into_its_pool_and_told(shop: Desk) -> None:
    admin = url(shop, "--admin", "main")
    shop.psql(admin, "grant connect on database shop_orders to shop_analytics")
    with psycopg.connect(admin) as connection:
        row = connection.execute(b"select rolname from pg_roles where rolname like '%%us''er%%app'").fetchone()
        assert row is not None
        other = '"' + row[0].replace('"', '""') + '"'
    shop.psql(admin, f"grant connect on database shop_orders to {other}")
    # the server's own list of who may enter where holds them off still; it falls too
    assert attempts(shop, "pool_of_other_service")[1] == []
    rules = next(shop.data.glob("*/main/data/pg_hba.conf"))
    before = rules.read_text()
    rules.write_text("host shop_orders all 127.0.0.1/32 scram-sha-256\n" + before)
    shop.psql(admin, "select pg_reload_conf()")
    try:
        counted, found = attempts(shop, "pool_of_other_service")
        assert counted["broken"] == 2
        assert {one["object"] for one in found} == {'pool of "orders"'}
        # what the pool opened for them would count against their connection limits until it is idle for long
        held = (
            "select count(*) from pg_stat_activity where datname = 'shop_orders'"
            " and usename <> 'shop_pool' and usename not like 'shop_orders%'"
        )
        assert shop.psql(admin, held) == [(0,)]
    finally:
        rules.write_text(before)
        shop.psql(admin, "select pg_reload_conf()")
        shop.psql(admin, f"revoke connect on database shop_orders from shop_analytics, {other}")
    assert attempts(shop, "pool_of_other_service")[1] == []


def test_who_may_call_the_lookup_is_told(shop: Desk) -> None:
    admin = in_orders(shop)
    shop.psql(admin, "grant usage on schema freehold to shop_orders_ro")
    shop.psql(admin, "grant execute on function freehold.pool_login(text) to shop_orders_ro")
    try:
        _, found = attempts(shop, "pool_lookup")
        assert ["shop_orders_ro" in one["title"] for one in found] == [True]
        for statement in found[0]["remedy"].splitlines()[1:]:
            shop.psql(admin, statement)
        assert attempts(shop, "pool_lookup")[1] == []
    finally:
        shop.psql(admin, "revoke all on function freehold.pool_login(text) from shop_orders_ro")
        shop.psql(admin, "revoke usage on schema freehold from shop_orders_ro")


def test_a_lookup_that_shows_too_much_is_told(shop: Desk) -> None:
    admin = in_orders(shop)
    made = shop.psql(admin, "select pg_get_functiondef('freehold.pool_login(text)'::regprocedure)")[0][0]
    assert isinstance(made, str)
    shop.psql(admin, made.replace("NOT (a.rolsuper", "true OR NOT (a.rolsuper"))
    try:
        _, found = attempts(shop, "pool_lookup")
        assert found
        assert 'the verifier of "postgres"' in found[0]["title"]
    finally:
        shop.psql(admin, made)
    assert attempts(shop, "pool_lookup")[1] == []


def test_a_console_with_a_password_that_anybody_would_try_is_told(shop: Desk) -> None:
    from freehold.found import scram

    users = next(shop.data.glob("*/pools/orders/users.txt"))
    before = users.read_text()
    ours = before.splitlines()[0]
    assert ours.startswith('"freehold"')
    try:
        users.write_text(before.replace(ours, f'"freehold" "{scram.verifier("admin", b"0123456789abcdef")}"'))
        os.kill(int(users.with_name("0.pid").read_text()), signal.SIGHUP)
        time.sleep(0.3)
        _, found = attempts(shop, "pool_console")
        assert [one["title"] for one in found] == ["the console of a pool takes a password that anybody would try"]
    finally:
        users.write_text(before)
        os.kill(int(users.with_name("0.pid").read_text()), signal.SIGHUP)
        time.sleep(0.3)
    assert attempts(shop, "pool_console")[1] == []


def test_a_pause_holds_clients_back_and_loses_none(shop: Desk) -> None:
    way, stop = url(shop, "orders"), threading.Event()
    committed, errors, longest = [0] * 4, [], [0.0] * 4

    def work(number: int) -> None:
        try:
            with psycopg.connect(way, autocommit=True, prepare_threshold=None) as connection:
                while not stop.is_set():
                    began = time.monotonic()
                    connection.execute(b"insert into item (at) values ('x')")
                    longest[number] = max(longest[number], time.monotonic() - began)
                    committed[number] += 1
        except psycopg.Error as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    before = shop.psql(way, "select count(*) from item")[0][0]
    for thread in threads:
        thread.start()
    try:
        while sum(committed) < 20:
            time.sleep(0.01)
        said = shop.run("pool", "pause", "orders", "--json")
        assert said.status == 2, said.all
        assert [one["paused"] for one in status(said) if one["service"] == "orders"] == [True]
        held = sum(committed)
        time.sleep(0.3)
        assert sum(committed) == held, "a paused pool works on nothing"
        assert shop.psql(url(shop, ODD), "select 1") == [(1,)], "another service goes on"
        assert shop.run("pool", "resume").status == 0
        while sum(committed) < held + 20:
            time.sleep(0.01)
    finally:
        stop.set()
        shop.run("pool", "resume")
        for thread in threads:
            thread.join(10)
    assert errors == []
    assert max(longest) >= 0.3, "somebody waited"
    after = shop.psql(way, "select count(*) from item")[0][0]
    assert isinstance(before, int)
    assert after == before + sum(committed)


def test_a_pause_that_takes_too_long_holds_nobody_back(shop: Desk) -> None:
    with psycopg.connect(url(shop, ODD)) as connection:
        connection.execute(b"select 1")  # a transaction stays open
        said = shop.run("pool", "pause", "--timeout", "300ms", "--json")
        assert said.status == 1, said.all
        assert "did not come to rest" in said.out
        assert [one["paused"] for one in status(shop.run("pool", "--json"))] == [False, False]
        connection.execute(b"select 1")


def test_a_proof_waits_for_a_pool_that_rests_after_its_server_was_gone(shop: Desk) -> None:
    file = next(shop.data.glob("*/pools/orders/0.ini"))
    before, way = file.read_text(), url(shop, "orders")
    assert "server_login_retry = 1\n" in before
    place = address_from_url("pool", way)
    door = Doors(PgServers({"pool": place}), SystemClock(), {place.user: place.password})
    admin = url(shop, "--admin", "main")
    try:
        file.write_text(before.replace("server_login_retry = 1\n", "server_login_retry = 4\n"))
        os.kill(int(file.with_name("0.pid").read_text()), signal.SIGHUP)
        shop.psql(admin, "ALTER DATABASE shop_orders ALLOW_CONNECTIONS false")
        shop.psql(admin, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'shop_orders'")
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(way, connect_timeout=2)
        shop.psql(admin, "ALTER DATABASE shop_orders ALLOW_CONNECTIONS true")
        with pytest.raises(ServerError, match="server_login_retry"):
            door.once("pool", place.maintenance_database, place.user)
        assert door.probe(Probe("pool", place.maintenance_database, place.user, patient=False)).sqlstate != ""
        assert door.probe(Probe("pool", place.maintenance_database, place.user)).sqlstate == ""
    finally:
        shop.psql(admin, "ALTER DATABASE shop_orders ALLOW_CONNECTIONS true")
        file.write_text(before)
        os.kill(int(file.with_name("0.pid").read_text()), signal.SIGHUP)


def test_a_killed_pgbouncer_is_noticed_and_the_next_up_starts_it(shop: Desk) -> None:
    pid = int(next(shop.data.glob("*/pools/orders/0.pid")).read_text())
    os.kill(pid, signal.SIGKILL)
    time.sleep(0.2)
    said = shop.run("pool", "--json")
    assert said.status == 3, said.all
    assert [one["running"] for one in status(said)] == [False, True]
    before = url(shop, "orders", "--direct")
    assert url(shop, "orders") == before, "without its pool a service is shown the direct way"
    assert shop.run("pool", "start").status == 0
    assert url(shop, "orders") != before
    assert shop.psql(url(shop, "orders"), "select 1") == [(1,)]


def test_advice_follows_the_load(shop: Desk) -> None:
    said: list[Said] = []
    watch = threading.Thread(
        target=lambda: said.append(shop.run("pool", "advise", "orders", "--window", "1s", "--json"))
    )
    with psycopg.connect(url(shop, "orders"), autocommit=True, prepare_threshold=None) as connection:
        watch.start()
        while watch.is_alive():
            connection.execute(b"select pg_sleep(0.001)")
    document = said[0].document()
    jsonschema.validate(document, document_schema("pool"))
    (one,) = document["advice"]  # type: ignore[misc]
    assert one["transactions_per_s"] > 50
    assert 0.05 < one["busy"] <= 1.1


def test_files_for_somebody_elses_pgbouncer_are_ones_it_reads(shop: Desk) -> None:
    out = shop.folder / "out"
    said = shop.run("pool", "export", "--into", out)
    assert said.status == 0, said.all
    ini = out / "orders" / "pgbouncer.ini"
    assert (ini.stat().st_mode & 0o777, ini.with_name("users.txt").stat().st_mode & 0o777) == (0o600, 0o600)
    assert BOUNCER is not None
    for path in (shop.folder.parent, shop.folder, out, ini.parent, *ini.parent.iterdir()):
        path.chmod(0o777)
    done = subprocess.run(
        [BOUNCER, str(ini)], capture_output=True, text=True, timeout=10, check=False,
        user="nobody" if os.geteuid() == 0 else None,
    )  # fmt: skip
    # it finds out that its port is taken after it has read both files
    assert "cannot load config" not in done.stderr, done.stderr
    assert "Address already in use" in done.stderr, done.stderr


@pytest.mark.parametrize(
    ("pooler", "layout"),
    [
        ("{sharing: platform, auth: file, reset: true}", "schema-per-service"),
        ("{processes: 2}", "instance-per-service"),
    ],
)
def test_other_shapes_work_and_what_is_no_longer_declared_goes(pooler: str, layout: str) -> None:
    with desk() as place:
        declare(place, layout, pooler)
        said = place.run("up")
        assert said.status == 0, said.all
        for service in ("orders", ODD):
            assert place.psql(url(place, service), "select 1") == [(1,)]
        if "reset" in pooler:
            assert attempts(place, "pool_leftovers")[0] == {"held": 12, "broken": 0, "limit": 0, "unknown": 0}
            for ini in place.data.glob("*/pools/*/*.ini"):
                ini.write_text(
                    ini.read_text().replace("server_reset_query_always = 1", "server_reset_query_always = 0")
                )
                os.kill(int(ini.with_suffix(".pid").read_text()), signal.SIGHUP)
            time.sleep(0.3)
            assert attempts(place, "pool_leftovers")[0]["broken"] == 10
            assert place.run("pool", "reload").status == 0
            assert attempts(place, "pool_leftovers")[0]["broken"] == 0
        assert len(list(place.data.glob("*/pools/*/*.pid"))) == (1 if "platform" in pooler else 4)
        assert place.run("pool", "pause", "orders").status == 2
        assert place.run("pool", "resume", "orders").status == 0
        text = (place.folder / "freehold.yaml").read_text()
        (place.folder / "freehold.yaml").write_text(text.replace(f"pooler: {pooler}\n", ""))
        pids = [int(path.read_text()) for path in place.data.glob("*/pools/*/*.pid")]
        assert place.run("up", "--no-prove").status == 0
        assert not list(place.data.glob("*/pools"))
        assert not [pid for pid in pids if b"pgbouncer" in command_line(pid)]


def command_line(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def test_without_pgbouncer_services_connect_directly_and_are_told(tmp_path: Path) -> None:
    fake = tmp_path / "pgbouncer"
    fake.write_text("#!/bin/sh\necho something else\n")
    fake.chmod(0o755)
    with desk() as place:
        declare(place)
        said = place.run("up", env={"FREEHOLD_PGBOUNCER": str(fake)})
        assert said.status == 1
        assert "is not PgBouncer" in said.err


def test_no_program_is_found_where_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(programs, "PLACES", ())
    assert programs.find({"PATH": "/nonexistent"}) is None


def test_the_program_says_its_version_and_what_is_wrong_with_it() -> None:
    found = programs.find(os.environ)
    assert found is not None
    assert found.version >= (1, 18, 0)
    assert bool(found.wrong) == (found.version < programs.FACTS[-1][0])
