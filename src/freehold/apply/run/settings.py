"""Settings of a server in a run: read again, and those that wait for a restart."""

from __future__ import annotations

from freehold.apply.run.world import World
from freehold.sqltext import keyword, literal, sql


def reload(world: World, instance: str) -> None:
    """Let the server read its settings again, and wait until it has; those that need a restart stay pending."""
    with world.session(instance) as (session, _):
        before = session.query(_LOADED)
        session.query(keyword("SELECT pg_catalog.pg_reload_conf()"))
        deadline = world.clock.monotonic_ms() + RELOAD_MS
        while session.query(_LOADED) == before and world.clock.monotonic_ms() < deadline:
            world.clock.sleep_ms(10)


def pending(world: World, instance: str, setting: str = "") -> bool:
    """Whether a setting of the instance, or this one, waits for a restart."""
    asked = sql(
        "SELECT true FROM pg_catalog.pg_settings WHERE pending_restart AND {} IN ('', name) LIMIT 1", literal(setting)
    )
    with world.session(instance) as (session, _):
        return session.query(asked) != []


RELOAD_MS = 5_000.0
_LOADED = keyword("SELECT pg_catalog.pg_conf_load_time()::text")
