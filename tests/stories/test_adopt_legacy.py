"""Alphintra's legacy database is split in place while an old client works, and one service moves out of it."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import jsonschema
import psycopg
import pytest

from freehold.cli.documents import document_schema
from freehold.ports import Address
from freehold.sqltext import keyword
from support.adopting import DECLARATION, LOGIN, declare, legacy, uri, url
from support.clusters import embedded, instance, unlocked_hba
from support.command import Desk, Said, desk

pytestmark = pytest.mark.real

VIEWS = ("user_trading_summary", "risk_dashboard", "notification_feed")


class OldClient:
    """Connects anew for each of its transactions, under its old login, and asks for everything by its old name."""

    def __init__(self, where: str) -> None:
        self.where, self.committed = where, 0
        self.errors: list[BaseException] = []
        self.ends = threading.Event()
        self.thread = threading.Thread(target=self.work)

    def work(self) -> None:
        try:
            while not self.ends.is_set():
                with psycopg.connect(self.where) as client:
                    row = client.execute(
                        "INSERT INTO trades (user_id, symbol, side, quantity, price) VALUES (1, 'LIVE', 'buy', 1, 2)"
                        " RETURNING id"
                    ).fetchone()
                    add = "INSERT INTO public.notifications (user_id, trade_id, message) VALUES (1, %s, 'live')"
                    client.execute(add, row)
                    client.execute("SELECT * FROM notification_feed WHERE message = 'live' LIMIT 1")
                self.committed += 1
        except BaseException as error:
            self.errors.append(error)

    @contextmanager
    def working(self) -> Iterator[None]:
        self.thread.start()
        try:
            yield
        finally:
            self.ends.set()
            self.thread.join()


@contextmanager
def central() -> Iterator[tuple[Desk, Address, dict[str, str], str]]:
    """The legacy database on a server that somebody else runs; a desk with its declaration."""
    one = instance("main")
    with embedded([one]) as (_, servers), desk() as found:
        servers.admin("main").execute(keyword("ALTER SYSTEM SET wal_level = 'logical'"))
        servers.admin("main").execute(keyword("ALTER SYSTEM SET max_connections = 300"))
        servers.restart({"main"})
        servers.write_hba("main", unlocked_hba())
        server = servers.addresses()["main"]
        client = legacy(server)
        declare(found, DECLARATION.format(more=""))
        yield found, server, {"LEGACY": uri(server, "postgres")}, client


def done(said: Said, status: int = 0) -> Said:
    assert said.status == status, said.all
    return said


def test_a_legacy_database_is_split_and_a_service_moves_out_of_it() -> None:
    with central() as (found, server, env, old_client):

        def run(*words: str, status: int = 0) -> Said:
            return done(found.run(*words, env=env, timeout_s=300), status)

        would = run("adopt", "--dry-run", "--json", status=2).document()
        jsonschema.validate(would, document_schema("adopt"))
        assert would["changed"] is False
        with psycopg.connect(url(server, "alphintra"), autocommit=True) as admin:
            before = admin.execute("SELECT id, message FROM notifications ORDER BY id").fetchall()
            client = OldClient(old_client)
            with client.working():
                answer = run("adopt", "--json").document()
                jsonschema.validate(answer, document_schema("adopt"))
                run("apply", "--yes")
                run("plan")
                now = client.committed
                run("adopt")
            assert client.errors == []
            assert client.committed > now > 0

            told = found.run("adopt", "--json", env=env).document()
            assert [one["objects"] for one in told["services"]] == [[]] * 6  # type: ignore[union-attr, index]
            live = admin.execute("SELECT count(*) FROM notification.notifications WHERE message = 'live'").fetchall()
            assert live == [(client.committed,)]
            kept = admin.execute("SELECT id, message FROM notifications WHERE message = 'm' ORDER BY id").fetchall()
            assert kept == before
            for view in VIEWS:  # what reaches from one service into another ends before one of them leaves
                admin.execute(f"DROP VIEW {view}".encode())

        run("adopt", "--drop-views", "--yes")
        run("apply", "--authoritative", "--allow-destroy", "--yes")
        run("plan")
        with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
            psycopg.connect(old_client)
        with psycopg.connect(url(server), autocommit=True) as admin:
            admin.execute(f"ALTER ROLE {LOGIN[0]} NOLOGIN NOCREATEROLE".encode())
        run("prove")

        move = ("move", "--service", "notification")
        run(*move, "start", "--to", "database-per-service")
        run(*move, "verify")
        run(*move, "cutover", "--lag", "5s", "--pause", "20s")
        run(*move, "complete", "--yes")
        with psycopg.connect(url(server, "alphintra_notification")) as there:
            count = there.execute("SELECT count(*) FROM notification.notifications").fetchall()
            assert count == [(len(before) + client.committed,)]
        assert "nothing to do" in run("adopt").out


def test_a_dump_restored_into_a_server_of_freehold_is_adopted() -> None:
    with desk() as found:
        declare(found, DECLARATION.format(more="").replace("env:LEGACY", "embedded"))
        done(found.run("up", "--no-prove", timeout_s=300))
        admin = found.run("url", "--admin", "main").out.strip()
        with psycopg.connect(admin, dbname="alphintra", autocommit=True) as session:
            session.execute("CREATE TABLE users (id serial PRIMARY KEY, email text)")
            session.execute("CREATE TABLE trades (id serial PRIMARY KEY, user_id int REFERENCES users)")
        said = found.run("adopt")
        assert said.status == 2
        assert "nothing_there" in said.out
        text = (found.folder / "freehold.yaml").read_text()
        for name in ("trading_strategies", "notifications"):
            text = text.replace(f"{{adopts: [public.{name}]}}", "")
        declare(found, text)
        told = done(found.run("adopt")).out
        assert 'sequences "users_id_seq"' in told
        assert "names these in nextval or currval does not find them any more" in told
        done(found.run("apply", "--yes"))
        done(found.run("adopt", "--drop-views", "--yes"))
        assert json.loads(done(found.run("prove", "--json")).out)["ok"] is True
        service = found.run("url", "user").out.strip()
        assert found.psql(service, "INSERT INTO users (email) VALUES ('a') RETURNING id") == [(1,)]
