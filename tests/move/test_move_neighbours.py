"""Keys that cross the edge of a service are dropped without keeping the other service waiting, and who is in the way is
named."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from freehold.errors import ServerError
from freehold.move.model import SOURCE, TARGET
from freehold.move.run.notnow import NotNow
from freehold.move.run.switching import Limits, switch
from freehold.sqltext import raw
from support.clusters import TidyServers
from support.switching import MOVE, NoPool, followed, prepared

pytestmark = pytest.mark.real
LIMITS = Limits(pause_ms=20_000, lock_ms=2_000, lag_ms=5_000, tries=2, retry_ms=1.0)
PATIENCE_MS = 1_000
"""Of a client of the other service: many times what it is kept waiting, and half of what it would wait for the lock."""
SHOP = """
CREATE SCHEMA shop; CREATE SCHEMA bills;
CREATE TABLE bills.account (id int PRIMARY KEY); INSERT INTO bills.account VALUES (1);
CREATE TABLE shop.orders (id bigint PRIMARY KEY, account int REFERENCES bills.account);
"""
ALONE = "CREATE SCHEMA shop; CREATE TABLE shop.orders (id bigint PRIMARY KEY, account int)"


@contextmanager
def reading(servers: TidyServers, threads: int) -> Iterator[list[str]]:
    """Clients of the other service that look at its table again and again; what they are refused."""
    refused: list[str] = []
    stopping = threading.Event()

    def work() -> None:
        session = servers.admin("main", MOVE.source.database)
        session.execute(raw(f"SET lock_timeout = {PATIENCE_MS}"))
        while not stopping.is_set():
            try:
                session.execute(raw("SELECT FROM bills.account; SELECT pg_sleep(0.002)"))
            except ServerError as error:
                refused.append(error.message)

    clients = [threading.Thread(target=work) for _ in range(threads)]
    for one in clients:
        one.start()
    try:
        yield refused
    finally:
        stopping.set()
        for one in clients:
            one.join()


def test_who_reads_the_other_table_is_not_kept_waiting_by_an_attempt_and_who_holds_it_is_named(
    servers: TidyServers,
) -> None:
    prepared(servers, MOVE, SHOP, ALONE)
    on = followed(servers, MOVE)
    holder = servers.admin("main", MOVE.source.database)
    name = f"a report {os.getpid()}"
    holder.execute(raw(f"SET application_name = '{name}'; BEGIN; SELECT id FROM bills.account"))
    ((pid,),) = holder.query(raw("SELECT pg_backend_pid()::text"))
    with reading(servers, 2) as refused, pytest.raises(NotNow) as stopped:
        switch(on, MOVE, SOURCE, 1, NoPool(), LIMITS)
    assert refused == []
    assert f'process {pid} (user "postgres", application "{name}", for ' in stopped.value.message
    assert ") holds bills.account" in stopped.value.message
    holder.execute(raw("COMMIT"))
    with reading(servers, 2) as refused:
        switch(on, MOVE, SOURCE, 1, NoPool(), LIMITS)
        switch(on, MOVE, TARGET, 2, NoPool(), LIMITS)
    assert refused == []
    keys = raw("SELECT convalidated FROM pg_constraint WHERE conname = 'orders_account_fkey'")
    assert holder.query(keys) == [(True,)]
