"""What a move changes on tables in use waits for their users without holding up others for long."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from freehold.apply.run.together import Together
from freehold.move.model import Side
from freehold.move.run.world import patiently
from freehold.pg.session import PgSession
from freehold.spec.model import TableName
from freehold.sqltext import raw
from support.clusters import VERSIONS, TidyServers, embedded, instance
from support.switching import world

pytestmark = pytest.mark.real


def test_clients_with_little_patience_are_not_kept_waiting(servers: TidyServers) -> None:
    reader, client, mover = (servers.admin("main") for _ in range(3))
    client.execute(raw("CREATE TABLE public.used (id int); SET lock_timeout = 500"))
    reader.execute(raw("BEGIN; SELECT FROM public.used"))
    changed = raw("ALTER TABLE public.used REPLICA IDENTITY FULL")
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(patiently, world(servers), mover, changed, "a test", 20_000.0)
        for number in range(20):
            client.execute(raw(f"INSERT INTO public.used VALUES ({number})"))
        assert not waiting.done()
        reader.execute(raw("COMMIT"))
        waiting.result(timeout=20)
    assert client.query(raw("SELECT relreplident::text FROM pg_class WHERE relname = 'used'")) == [("f",)]
    assert client.query(raw("SELECT count(*)::int FROM public.used")) == [(20,)]


SLOW = """
ALTER SYSTEM SET autovacuum_naptime = '1s'; ALTER SYSTEM SET autovacuum_vacuum_cost_delay = '100ms';
ALTER SYSTEM SET autovacuum_vacuum_cost_limit = 1; SELECT pg_reload_conf();
CREATE TABLE public.used (id int) WITH (autovacuum_vacuum_threshold = 0, autovacuum_vacuum_scale_factor = 0);
INSERT INTO public.used SELECT generate_series(1, 300000); DELETE FROM public.used WHERE id % 2 = 0
"""
AT_WORK = "SELECT 1 FROM pg_stat_progress_vacuum WHERE relid = 'public.used'::regclass"


def vacuumed(session: PgSession) -> None:
    """Wait until autovacuum is at the table; it is for minutes, so slow was it made."""
    deadline = time.monotonic() + 60
    while not session.query(raw(AT_WORK)):
        assert time.monotonic() < deadline, "autovacuum never came"
        time.sleep(0.05)


@pytest.mark.parametrize("version", VERSIONS)
def test_autovacuum_gives_way_although_nobody_waits_long(version: int) -> None:
    with embedded([instance("main", version)]) as (_, servers):
        mover = servers.admin("main")
        for line in SLOW.split(";"):
            mover.execute(raw(line))
        vacuumed(mover)
        on = world(servers)
        with on.session(Side("main", "postgres")) as session:
            patiently(on, session, raw("ALTER TABLE public.used REPLICA IDENTITY FULL"), "a test", 2_000.0)
        vacuumed(mover)
        with mover.transaction():
            Together("main", "postgres", (TableName("public", "used"),), 200).take(mover, 0.0)
