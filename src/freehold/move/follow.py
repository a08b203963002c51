"""How one side follows the other: publication, slot and subscription of a direction.

The slot is always made by itself: a subscription that made its own slot on the same instance would wait for itself
forever. The publication names its tables: a partition that is made later would otherwise be sent to a side that does
not have it, and an unlogged table left out in silence.
"""

from __future__ import annotations

from collections.abc import Iterable

from freehold.move.model import Inventory, Table
from freehold.move.names import stream
from freehold.sqltext import Secret, Sql, ident, join, keyword, literal, sql

ORIGIN_SINCE = 160_000
"""From here on a subscription can ask for nothing but what the other side wrote itself, and the other side can tell;
both must be so new."""


def publication(move: str, direction: str, tables: Iterable[Table]) -> tuple[Sql, ...]:
    """Publish the tables and this move's barriers. Takes SHARE UPDATE EXCLUSIVE on each table."""
    name = ident(stream(move, direction))
    listed = [
        *(ident(table.name.schema, table.name.table) for table in tables),
        sql("freehold.move_barrier WHERE (move = {})", literal(move)),
    ]
    return (
        sql("DROP PUBLICATION IF EXISTS {}", name),
        sql(
            "CREATE PUBLICATION {} FOR TABLE {}",
            name,
            join(", ", [sql("ONLY {}", one) for one in listed[:-1]] + [listed[-1]]),
        ),
    )


def drop_publication(move: str, direction: str) -> Sql:
    return sql("DROP PUBLICATION IF EXISTS {}", ident(stream(move, direction)))


def slot_there(move: str, direction: str) -> Sql:
    """One row where the slot exists: whether it is in use."""
    return sql(
        "SELECT active FROM pg_catalog.pg_replication_slots WHERE slot_name = {}", literal(stream(move, direction))
    )


def export_slot(move: str, direction: str) -> Sql:
    """Make the slot and a snapshot of the same instant; on a replication connection, which keeps the snapshot alive
    for as long as it says nothing else. Row: slot, consistent point, snapshot, plugin."""
    return sql("CREATE_REPLICATION_SLOT {} LOGICAL pgoutput (SNAPSHOT 'export')", ident(stream(move, direction)))


def make_slot(move: str, direction: str) -> Sql:
    """Make the slot of a direction in which nothing has to be copied first."""
    return sql(
        "SELECT 1 FROM pg_catalog.pg_create_logical_replication_slot({}, 'pgoutput')",
        literal(stream(move, direction)),
    )


def drop_slot(move: str, direction: str) -> Sql:
    """Drop the slot where it exists and nobody uses it."""
    return sql(
        "SELECT pg_catalog.pg_drop_replication_slot(slot_name) FROM pg_catalog.pg_replication_slots"
        " WHERE slot_name = {} AND NOT active",
        literal(stream(move, direction)),
    )


def advance_slot(move: str, direction: str) -> tuple[Sql, Sql, Sql]:
    """Leave out everything that was written on this side until now.

    A slot moves no further than what is on the disk, and what replication wrote may not be there yet: the message is
    committed behind it, and waits for the disk."""
    return (
        keyword("SET synchronous_commit = on"),
        keyword("SELECT pg_catalog.pg_logical_emit_message(true, 'freehold', '')"),
        sql(
            "SELECT 1 FROM pg_catalog.pg_replication_slot_advance({}, pg_catalog.pg_current_wal_insert_lsn())",
            literal(stream(move, direction)),
        ),
    )


def subscription(move: str, direction: str, secret: Secret, version: int, *, enabled: bool) -> Sql:
    """Follow the slot of a direction. ``version`` is that of the server that follows."""
    more = [keyword("run_as_owner = true"), keyword("origin = none")] if version >= ORIGIN_SINCE else []
    options = [
        keyword("create_slot = false"),
        keyword("copy_data = false"),
        keyword("disable_on_error = true"),
        sql("slot_name = {}", literal(stream(move, direction))),
        keyword("enabled = true") if enabled else keyword("enabled = false"),
        *more,
    ]
    name = ident(stream(move, direction))
    return sql("CREATE SUBSCRIPTION {} CONNECTION {} PUBLICATION {} WITH ({})", name, secret, name, join(", ", options))


def errors(move: str, direction: str) -> Sql:
    """How often what follows has met an error since it was made."""
    return sql(
        "SELECT apply_error_count FROM pg_catalog.pg_stat_subscription_stats WHERE subname = {}",
        literal(stream(move, direction)),
    )


def subscribed(move: str, direction: str) -> Sql:
    """One row where the subscription exists in this database: whether it is enabled."""
    return sql(
        "SELECT subenabled FROM pg_catalog.pg_subscription WHERE subname = {} AND subdbid ="
        " (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())",
        literal(stream(move, direction)),
    )


def enable(move: str, direction: str) -> Sql:
    return sql("ALTER SUBSCRIPTION {} ENABLE", ident(stream(move, direction)))


def unsubscribe(move: str, direction: str) -> tuple[Sql, ...]:
    """End the subscription and leave its slot: that is dropped on its own side."""
    name = ident(stream(move, direction))
    return (
        sql("ALTER SUBSCRIPTION {} DISABLE", name),
        sql("ALTER SUBSCRIPTION {} SET (slot_name = NONE)", name),
        sql("DROP SUBSCRIPTION {}", name),
    )


def refresh(move: str, direction: str) -> Sql:
    """Let PostgreSQL itself copy the tables that were added to the publication."""
    return sql("ALTER SUBSCRIPTION {} REFRESH PUBLICATION WITH (copy_data = true)", ident(stream(move, direction)))


def not_ready(move: str, direction: str) -> Sql:
    """The tables that PostgreSQL itself still copies."""
    return sql(
        "SELECT r.srrelid::pg_catalog.regclass::text FROM pg_catalog.pg_subscription_rel AS r"
        " JOIN pg_catalog.pg_subscription AS s ON s.oid = r.srsubid WHERE s.subname = {} AND r.srsubstate <> 'r'",
        literal(stream(move, direction)),
    )


def lag_bytes(move: str, direction: str) -> Sql:
    """On the side that is followed: bytes that the other side has not confirmed, and whether it is connected."""
    return sql(
        "SELECT pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_insert_lsn(), confirmed_flush_lsn)::bigint, active"
        " FROM pg_catalog.pg_replication_slots WHERE slot_name = {}",
        literal(stream(move, direction)),
    )


def published(inventory: Inventory) -> tuple[Table, ...]:
    """The tables whose changes are sent: those that hold rows."""
    return inventory.stored
