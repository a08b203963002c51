"""The tables in which a move keeps its state, in the control schema of both its databases, as SQL.

The row of ``freehold.move`` says on each side whether that side is open for writes. Three rules make a cutover safe:

- A side is closed in the very transaction that enables the refusing triggers of its tables.
- A side is opened in the very transaction that disables them, under an epoch one higher than the other side's.
- The other side is closed, and everything written there has arrived, before a side is opened.

So at most one side is open at any instant, and whoever comes after a crash reads from the two rows what to do.

A process that died may have sent one of these transactions, and the server may still be at it. Therefore each of them
names its attempt, and takes effect only where the row still does: whoever takes a move over writes an attempt of its
own into both rows first, which waits for what has come that far and stops what has not.

Writes in the order of a stream are told by ``freehold.move_barrier``: a row written behind everything else arrives
behind everything else. Its trigger runs in the worker that fills the other side, and waits there while somebody holds
the move's advisory lock and the row's token begins with ``gate:``.
"""

from __future__ import annotations

from collections.abc import Iterable

from freehold.move.advancing import FUNCTION
from freehold.move.names import DENY, lock_key
from freehold.sqltext import Sql, ident, join, keyword, literal, sql

GATE = "gate:"
"""How the token of a barrier begins that a worker must wait at."""

_TABLES = (
    keyword("""\
CREATE TABLE IF NOT EXISTS freehold.move (
    id text PRIMARY KEY,
    service text NOT NULL,
    side text NOT NULL CHECK (side IN ('source', 'target')),
    open boolean NOT NULL,
    epoch integer NOT NULL DEFAULT 0,
    attempt text NOT NULL DEFAULT '',
    phase text NOT NULL,
    plan jsonb NOT NULL,
    seen jsonb NOT NULL DEFAULT '{}',
    started_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    changed_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    who text NOT NULL
)"""),
    keyword("""\
CREATE TABLE IF NOT EXISTS freehold.move_barrier (
    move text NOT NULL,
    token text NOT NULL,
    at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    PRIMARY KEY (move, token)
)"""),
    keyword("""\
CREATE TABLE IF NOT EXISTS freehold.move_copied (
    move text NOT NULL,
    schema name NOT NULL,
    "table" name NOT NULL,
    part integer NOT NULL,
    parts integer NOT NULL,
    snapshot text NOT NULL,
    rows bigint NOT NULL,
    at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    PRIMARY KEY (move, schema, "table", part)
)"""),
    keyword("""\
CREATE TABLE IF NOT EXISTS freehold.move_kept (
    move text NOT NULL,
    kind text NOT NULL,
    name text NOT NULL,
    sql text NOT NULL,
    tables text[] NOT NULL DEFAULT '{}',
    PRIMARY KEY (move, kind, name)
)"""),
    keyword("ALTER TABLE freehold.move_kept ADD COLUMN IF NOT EXISTS tables text[] NOT NULL DEFAULT '{}'"),
)

_GATE = keyword("""\
CREATE OR REPLACE FUNCTION freehold.move_gate() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $freehold$
BEGIN
    IF starts_with(NEW.token, 'gate:') THEN
        PERFORM pg_advisory_xact_lock(1718773093::bigint << 32 | ('x' || NEW.move)::bit(32)::bigint);
    END IF;
    RETURN NEW;
END
$freehold$""")

_DENIED = keyword("""\
CREATE OR REPLACE FUNCTION freehold.move_denied() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $freehold$
BEGIN
    RAISE EXCEPTION 'service "%" is not written here', TG_ARGV[0]
        USING ERRCODE = 'read_only_sql_transaction', HINT = TG_ARGV[1];
END
$freehold$""")


def control_sql() -> tuple[Sql, ...]:
    """What makes these tables and functions, in order; may run again. The control schema itself must be there."""
    return (
        *_TABLES,
        _GATE,
        _DENIED,
        FUNCTION,
        keyword("DROP TRIGGER IF EXISTS freehold_gate ON freehold.move_barrier"),
        keyword(
            "CREATE TRIGGER freehold_gate BEFORE INSERT ON freehold.move_barrier"
            " FOR EACH ROW EXECUTE FUNCTION freehold.move_gate()"
        ),
        keyword("ALTER TABLE freehold.move_barrier ENABLE REPLICA TRIGGER freehold_gate"),
        keyword("REVOKE ALL ON ALL TABLES IN SCHEMA freehold FROM PUBLIC"),
        keyword("REVOKE ALL ON ALL FUNCTIONS IN SCHEMA freehold FROM PUBLIC"),
    )


def barrier(move: str, token: str) -> Sql:
    """Write a barrier row, behind everything that is committed by now."""
    return sql(
        "INSERT INTO freehold.move_barrier (move, token) VALUES ({}, {}) ON CONFLICT DO NOTHING",
        literal(move),
        literal(token),
    )


def arrived(move: str, token: str) -> Sql:
    """One row once the barrier has been applied here."""
    return sql("SELECT 1 FROM freehold.move_barrier WHERE move = {} AND token = {}", literal(move), literal(token))


def hold_gate(move: str) -> Sql:
    """Make the worker wait at the next gate; lasts as long as the session or until ``release_gate``."""
    return sql("SELECT pg_catalog.pg_advisory_lock({})", lock_key(move))


def release_gate(move: str) -> Sql:
    return sql("SELECT pg_catalog.pg_advisory_unlock({})", lock_key(move))


def at_gate(move: str) -> Sql:
    """One row while a worker of this database waits at the gate."""
    key = lock_key(move)
    return sql(
        "SELECT 1 FROM pg_catalog.pg_locks AS l WHERE locktype = 'advisory' AND NOT granted AND objsubid = 1"
        " AND classid = {} AND objid = {}::bigint::oid AND EXISTS (SELECT FROM pg_catalog.pg_stat_activity AS a"
        " WHERE a.pid = l.pid AND a.backend_type LIKE 'logical replication%')"
        " AND database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())",
        key >> 32,
        key & 0xFFFFFFFF,
    )


def guard(table: Sql, service: str, hint: str) -> Sql:
    """Put the trigger that refuses every write on a table, still disabled. Takes SHARE ROW EXCLUSIVE.

    Where it is enabled it fires for every session but the workers that fill the table. One statement takes it off or
    puts it on, under a lock that readers do not meet, and that waits for every write that has begun."""
    name = ident(DENY)
    return sql(
        "CREATE OR REPLACE TRIGGER {} BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON {} FOR EACH STATEMENT"
        " EXECUTE FUNCTION freehold.move_denied({}, {}); ALTER TABLE ONLY {} DISABLE TRIGGER {}",
        name,
        table,
        literal(service),
        literal(hint),
        table,
        name,
    )


def guarded(schemas: Iterable[str]) -> Sql:
    """Schema and table of everything in the schemas that has the guard."""
    return sql(
        "SELECT n.nspname, c.relname FROM pg_catalog.pg_trigger AS t JOIN pg_catalog.pg_class AS c ON c.oid = t.tgrelid"
        " JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace"
        " WHERE t.tgname = {} AND n.nspname = ANY (ARRAY[{}]::name[])",
        literal(DENY),
        join(", ", [literal(schema) for schema in schemas]),
    )


def deny(table: Sql) -> Sql:
    """Let the guard of a table refuse. Takes SHARE ROW EXCLUSIVE."""
    return sql("ALTER TABLE ONLY {} ENABLE TRIGGER {}", table, ident(DENY))


def allow(table: Sql) -> Sql:
    """Let the guard of a table rest. Takes SHARE ROW EXCLUSIVE."""
    return sql("ALTER TABLE ONLY {} DISABLE TRIGGER {}", table, ident(DENY))


def unguard(table: Sql) -> Sql:
    """Take the guard off for good. Takes ACCESS EXCLUSIVE."""
    return sql("DROP TRIGGER IF EXISTS {} ON {}", ident(DENY), table)
