"""A transaction that keeps a slot from being made is waited for and named; what it stops can be tried again."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest

from freehold.move import events
from freehold.move.model import SOURCE
from freehold.move.run import slotmaking
from freehold.move.run.notnow import NotNow
from freehold.move.run.switching import Limits, switch
from freehold.sqltext import raw
from support.clusters import TidyServers
from support.switching import MOVE, NoPool, followed, prepared

pytestmark = pytest.mark.real
LIMITS = Limits(pause_ms=20_000, lag_ms=5_000, tries=2, retry_ms=1.0)
SHOP = "CREATE SCHEMA shop; CREATE TABLE shop.orders (id bigint PRIMARY KEY)"


def test_who_keeps_the_way_back_from_being_made_is_named(servers: TidyServers, monkeypatch: pytest.MonkeyPatch) -> None:
    prepared(servers, MOVE, SHOP)
    told: list[tuple[int, events.Event]] = []
    on = replace(followed(servers, MOVE), events=lambda attempt, event: told.append((attempt, event)))
    name = f"a long report {os.getpid()}"
    holder = servers.admin("main", "postgres")
    holder.execute(raw(f"SET application_name = '{name}'; BEGIN; SELECT pg_current_xact_id()"))
    ((pid,),) = holder.query(raw("SELECT pg_backend_pid()::text"))
    monkeypatch.setattr(slotmaking, "TRY_MS", 50)
    monkeypatch.setattr(slotmaking, "TRIES", 2)
    traffic = NoPool()
    with pytest.raises(NotNow) as stopped:
        switch(on, MOVE, SOURCE, 1, traffic, LIMITS)
    who = f'process {pid} (user "postgres", application "{name}", database "postgres", for 00:00:'
    assert who in stopped.value.message
    assert "the slot for the way back" in stopped.value.message
    assert "pg_terminate_backend" in stopped.value.hint
    assert traffic.calls == []  # nobody was held back
    waited = [(attempt, one) for attempt, one in told if isinstance(one, events.Waiting)]
    assert [attempt for attempt, _ in waited] == [1, 2]
    assert all(who in one.why for _, one in waited)
    assert [attempt for attempt, one in told if isinstance(one, events.Retried)] == [1]

    holder.execute(raw("COMMIT"))
    assert switch(on, MOVE, SOURCE, 1, traffic, LIMITS).tries == 1
