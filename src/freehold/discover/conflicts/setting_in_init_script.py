"""A setting that needs a restart is made in a script that runs once, on an empty volume.

Why: servers that exist already never see it, and a later change to it is seen by none. Give it to the server's command
or its configuration instead.

Bad:
    === compose.yaml
    services:
      db:
        image: postgres:17
        environment: {POSTGRES_PASSWORD: "${PASSWORD}"}
        volumes: ["./init.sql:/docker-entrypoint-initdb.d/init.sql"]
    === init.sql
    ALTER SYSTEM SET shared_buffers = '2GB';

Good:
    === compose.yaml
    services:
      db:
        image: postgres:17
        command: ["postgres", "-c", "shared_buffers=2GB"]
        environment: {POSTGRES_PASSWORD: "${PASSWORD}"}
        volumes: ["./init.sql:/docker-entrypoint-initdb.d/init.sql"]
    === init.sql
    ALTER SYSTEM SET work_mem = '16MB';
"""

from __future__ import annotations

from collections.abc import Iterator

from freehold.discover.conflicts._kind import Note, conflict
from freehold.discover.made import SettingMade
from freehold.discover.model import Discovery

_RESTART = {
    "shared_buffers", "max_connections", "wal_level", "shared_preload_libraries", "max_wal_senders", "wal_buffers",
    "max_worker_processes", "max_replication_slots", "huge_pages", "listen_addresses", "port", "archive_mode",
    "max_locks_per_transaction", "max_prepared_transactions", "superuser_reserved_connections", "hot_standby",
    "track_activity_query_size", "autovacuum_max_workers", "max_logical_replication_workers", "event_source",
}  # fmt: skip


@conflict("warning")
def setting_in_init_script(discovery: Discovery) -> Iterator[Note]:
    for setting in discovery.of(SettingMade):
        if setting.name in _RESTART:
            yield Note(
                "",
                f'setting "{setting.name}"',
                f'"{setting.name}" needs a restart and is set in a script of SQL',
                "It takes effect after the next restart, on servers that ran the script; those with data never ran it.",
                (setting.at,),
            )
