"""The control schema: the tables in which Freehold keeps its journal and its migration ledger, as SQL.

One schema ``freehold`` in each managed database (what happened inside it) and in each instance's maintenance
database (what happened to roles, databases and settings). Nobody but its owner, the admin login, has any right
in it. Two things must hold, and decide its shape:

- A journal row stands in the same transaction as the step it tells of, wherever PostgreSQL allows that.
- A migration and its ledger row are one transaction, yet the migration runs as a login that may not write the
  ledger. So the admin first writes a ticket (``migration_progress``) that names the login; the login may only
  call ``migration_done``, which turns its own ticket into a ledger row and nothing else. A login gets EXECUTE on
  it while it exists, which is while one service's migrations run.
"""

from __future__ import annotations

from typing import LiteralString

from freehold.found.model import CONTROL_SCHEMA
from freehold.sqltext import Sql, keyword, literal, sql

assert CONTROL_SCHEMA == "freehold", "the text below spells the name out"

_TABLES = (
    keyword("""\
CREATE TABLE IF NOT EXISTS freehold.journal (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    run uuid NOT NULL,
    platform text NOT NULL,
    at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    who text NOT NULL,
    client text NOT NULL,
    action text NOT NULL,
    kind text NOT NULL,
    name text NOT NULL,
    service text NOT NULL DEFAULT '',
    database text NOT NULL DEFAULT '',
    sql text NOT NULL DEFAULT '',
    duration_ms numeric,
    outcome text NOT NULL CHECK (outcome IN ('started', 'done', 'failed', 'undone')),
    error text
)"""),
    keyword("""\
CREATE TABLE IF NOT EXISTS freehold.migration (
    service text NOT NULL,
    name text NOT NULL,
    sha256 text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    applied_by text NOT NULL,
    run uuid NOT NULL,
    duration_ms numeric,
    PRIMARY KEY (service, name)
)"""),
    keyword("""\
CREATE TABLE IF NOT EXISTS freehold.migration_progress (
    service text NOT NULL,
    name text NOT NULL,
    sha256 text NOT NULL,
    run uuid NOT NULL,
    who text NOT NULL,
    login text NOT NULL,
    started_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    total integer NOT NULL,
    done integer NOT NULL DEFAULT 0,
    running integer,
    PRIMARY KEY (service, name),
    CHECK (done BETWEEN 0 AND total),
    CHECK (running BETWEEN 1 AND total)
)"""),
)

_MIGRATION_DONE = keyword("""\
CREATE OR REPLACE FUNCTION freehold.migration_done(service text, name text, done integer) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $freehold$
DECLARE
    ticket freehold.migration_progress;
BEGIN
    UPDATE freehold.migration_progress AS p SET done = migration_done.done, running = NULL
        WHERE p.service = migration_done.service AND p.name = migration_done.name
            AND p.login = session_user AND p.done = migration_done.done - 1
        RETURNING p.* INTO ticket;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'migration "%" of service "%" is not what login "%" is running', name, service, session_user
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF ticket.done = ticket.total THEN
        DELETE FROM freehold.migration_progress AS p WHERE p.service = ticket.service AND p.name = ticket.name;
        INSERT INTO freehold.migration (service, name, sha256, applied_by, run, duration_ms)
            VALUES (ticket.service, ticket.name, ticket.sha256, ticket.who, ticket.run,
                EXTRACT(EPOCH FROM clock_timestamp() - ticket.started_at) * 1000);
    END IF;
END
$freehold$""")

_COMMENTS: tuple[tuple[LiteralString, LiteralString], ...] = (
    ("SCHEMA freehold", "Freehold: journal of what it did and ledger of migrations; no service data"),
    ("TABLE freehold.journal", "One row for each step that Freehold took here, oldest first"),
    ("COLUMN freehold.journal.run", "The apply that the step belonged to; the same on every instance"),
    ("COLUMN freehold.journal.at", "When the row was written: a step's end, or its start while outcome is started"),
    ("COLUMN freehold.journal.who", "Who ran Freehold, as the machine it ran on named them"),
    ("COLUMN freehold.journal.client", "The login, and the address it came from"),
    ("COLUMN freehold.journal.action", "create, alter or drop"),
    ("COLUMN freehold.journal.kind", "The kind of step, for example create_role"),
    ("COLUMN freehold.journal.name", "The object of the step"),
    ("COLUMN freehold.journal.service", "The service the step served; empty for the platform"),
    ("COLUMN freehold.journal.database", "The database of the step; empty for the whole instance"),
    ("COLUMN freehold.journal.sql", "What was sent, with every secret as <password>"),
    ("COLUMN freehold.journal.duration_ms", "Milliseconds that the step took"),
    (
        "COLUMN freehold.journal.outcome",
        "started (not known to have ended), done, failed (nothing of it stayed), or undone",
    ),
    ("COLUMN freehold.journal.error", "What PostgreSQL said when the step failed"),
    (
        "TABLE freehold.migration",
        "One row for each migration that is applied, written in the migration's own transaction",
    ),
    ("COLUMN freehold.migration.name", "The file, or command for a service that migrates with its own tool"),
    ("COLUMN freehold.migration.sha256", "Of the file's bytes (of the tool's folder for command) when it was applied"),
    ("COLUMN freehold.migration.applied_by", "Who ran Freehold"),
    ("COLUMN freehold.migration.run", "The apply that did it; journal.run"),
    (
        "TABLE freehold.migration_progress",
        "Migrations under way: which login may report which file; a row that stays was interrupted",
    ),
    ("COLUMN freehold.migration_progress.login", "The short-lived login that runs the file and may report it"),
    (
        "COLUMN freehold.migration_progress.total",
        "Units that are committed one by one: 1 for a file in one transaction, else its statements",
    ),
    ("COLUMN freehold.migration_progress.done", "Units known to be committed"),
    (
        "COLUMN freehold.migration_progress.running",
        "A statement that runs outside a transaction and was not reported yet",
    ),
    (
        "FUNCTION freehold.migration_done(text, text, integer)",
        "A deploy login reports its own migration; the last report writes the ledger row",
    ),
)


def control_sql() -> tuple[Sql, ...]:
    """The statements that make the control schema in a database, in order; each may run again and changes nothing then.

    They belong in one transaction, and take no lock on anything outside the control schema.
    """
    return (
        keyword("CREATE SCHEMA IF NOT EXISTS freehold"),
        *_TABLES,
        _MIGRATION_DONE,
        keyword("REVOKE ALL ON SCHEMA freehold FROM PUBLIC"),
        keyword("REVOKE ALL ON ALL TABLES IN SCHEMA freehold FROM PUBLIC"),
        keyword("REVOKE ALL ON ALL FUNCTIONS IN SCHEMA freehold FROM PUBLIC"),
        *(sql("COMMENT ON {} IS {}", keyword(what), literal(text)) for what, text in _COMMENTS),
    )
