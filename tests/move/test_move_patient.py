"""What a move changes on tables in use waits for their users without holding up others for long."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from freehold.move.run.world import patiently
from freehold.sqltext import raw
from support.clusters import TidyServers
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
