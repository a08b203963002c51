"""The short-lived login under which a service's migrations run: member of the owner role, and of nothing else.

An administrator's session that did ``SET ROLE owner`` would be one ``RESET ROLE`` away from the administrator, in
the file itself or in any function, trigger or default that it calls. This login has nothing to reset to. It acts as
the owner role from the moment it connects (``ALTER ROLE .. SET role``), may report its own migration
(``freehold.migration_done``) and nothing else of the control schema, stops working by itself after an hour, and is
dropped when its service's migrations are over, whether they went well or not.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from freehold.apply.url import connection_url
from freehold.found.journal import Run
from freehold.found.locks import LOCK_TIMEOUT_MS, YIELDING_MS
from freehold.plan.model import RunCommand, RunMigration
from freehold.spec.names import deploy_role
from freehold.sqltext import Secret, Sql, ident, join, keyword, literal, sql

LIFETIME_MINUTES = 60
CONNECTIONS = 5
ORPHAN_CHECK_MS = 1_000

LEDGER_NAME = "command"
"""The ledger's name for a service that migrates with its own tool."""


@dataclass(frozen=True, slots=True)
class Login:
    """A deploy login to be made: ``verifier`` names the secret that holds its SCRAM verifier."""

    name: str
    owner: str
    database: str
    search_path: tuple[str, ...]
    verifier: str = "deploy"


def login(platform: str, database: str, effect: RunMigration | RunCommand) -> Login:
    """The login that runs ``effect``."""
    return Login(deploy_role(platform, effect.service), effect.owner, database, effect.search_path)


EXPIRY = sql(
    "SELECT pg_catalog.to_char((pg_catalog.now() + {}::interval) AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS') || '+00'",
    literal(f"{LIFETIME_MINUTES} minutes"),
)
"""When a login made now stops working, by the server's own clock."""


def create(login: Login, expiry: str, superuser: bool) -> tuple[Sql, ...]:
    """Makes the login; one transaction. The role must not exist."""
    name = ident(login.name)
    return (
        sql(
            "CREATE ROLE {} LOGIN INHERIT CONNECTION LIMIT {} VALID UNTIL {} PASSWORD {}",
            name,
            CONNECTIONS,
            literal(expiry),
            Secret(login.verifier),
        ),
        # To take back what it owns, an administrator who is no superuser must be a member of it.
        *(() if superuser else (sql("GRANT {} TO CURRENT_USER", name),)),
        sql("GRANT {} TO {}", ident(login.owner), name),
        sql("ALTER ROLE {} SET role = {}", name, literal(login.owner)),
        sql("ALTER ROLE {} SET search_path = {}", name, join(", ", (literal(schema) for schema in login.search_path)))
        if login.search_path
        else sql("ALTER ROLE {} RESET search_path", name),
        sql("ALTER ROLE {} SET lock_timeout = {}", name, LOCK_TIMEOUT_MS),
        # only a superuser may decide that the login is the one that fails where it and a client wait for each other
        *((sql("ALTER ROLE {} SET deadlock_timeout = {}", name, YIELDING_MS),) if superuser else ()),
        sql("ALTER ROLE {} SET statement_timeout = 0", name),
        # A killed client is noticed within a second, even in the middle of a long statement.
        sql("ALTER ROLE {} SET client_connection_check_interval = {}", name, ORPHAN_CHECK_MS),
        sql("GRANT USAGE ON SCHEMA freehold TO {}", name),
        sql("GRANT EXECUTE ON FUNCTION freehold.migration_done(text, text, integer) TO {}", name),
    )


def end_sessions(name: str) -> Sql:
    """Asks the sessions of ``name`` to end; repeat until ``sessions`` says there are none."""
    return sql(
        "SELECT pg_catalog.pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity WHERE usename = {}",
        literal(name),
    )


def sessions(name: str) -> Sql:
    """How many sessions of ``name`` there are."""
    return sql("SELECT pg_catalog.count(*) FROM pg_catalog.pg_stat_activity WHERE usename = {}", literal(name))


def places(name: str) -> Sql:
    """The databases in which ``name`` owns something or has a right."""
    return sql(
        "SELECT DISTINCT d.datname FROM pg_catalog.pg_shdepend AS s JOIN pg_catalog.pg_database AS d ON d.oid = s.dbid"
        " WHERE s.refclassid = 'pg_catalog.pg_authid'::pg_catalog.regclass"
        " AND s.refobjid = (SELECT oid FROM pg_catalog.pg_roles WHERE rolname = {}) ORDER BY 1",
        literal(name),
    )


def groups(name: str) -> Sql:
    """The roles that ``name`` is a member of: its owner role, to which what it made is handed over."""
    return sql(
        "SELECT r.rolname FROM pg_catalog.pg_auth_members AS m JOIN pg_catalog.pg_roles AS r ON r.oid = m.roleid"
        " WHERE m.member = (SELECT oid FROM pg_catalog.pg_roles WHERE rolname = {}) ORDER BY 1",
        literal(name),
    )


def release(name: str, owner: str | None) -> tuple[Sql, ...]:
    """Takes back every right of ``name`` in the session's database; what it made goes to ``owner``, never lost."""
    return (
        *((sql("REASSIGN OWNED BY {} TO {}", ident(name), ident(owner)),) if owner else ()),
        sql("DROP OWNED BY {}", ident(name)),
    )


def drop(name: str) -> Sql:
    return sql("DROP ROLE IF EXISTS {}", ident(name))


def ticket(run: Run, migration: RunMigration, login: str, total: int, done: int) -> Sql:
    """Lets ``login`` report this file, from its unit ``done`` + 1 on."""
    return sql(
        "INSERT INTO freehold.migration_progress AS p (service, name, sha256, run, who, login, total, done)"
        " VALUES ({}, {}, {}, {}, {}) ON CONFLICT (service, name) DO UPDATE SET sha256 = excluded.sha256,"
        " run = excluded.run, who = excluded.who, login = excluded.login, total = excluded.total,"
        " done = excluded.done, running = NULL, started_at = excluded.started_at",
        join(", ", (literal(text) for text in (migration.service, migration.name, migration.sha256))),
        literal(run.id),
        join(", ", (literal(text) for text in (run.who, login))),
        total,
        done,
    )


def left(migration: RunMigration) -> Sql:
    """What an earlier run left of this file: sha256, total, done, running."""
    return sql(
        "SELECT sha256, total, done, running FROM freehold.migration_progress WHERE service = {} AND name = {}",
        literal(migration.service),
        literal(migration.name),
    )


def running(migration: RunMigration, unit: int | None) -> Sql:
    """Notes that a statement outside a transaction is about to begin, or (None) that it failed as a whole."""
    return sql(
        "UPDATE freehold.migration_progress SET running = {} WHERE service = {} AND name = {}",
        keyword("NULL") if unit is None else unit,
        literal(migration.service),
        literal(migration.name),
    )


def report(migration: RunMigration, unit: int) -> tuple[Sql, ...]:
    """What the login itself sends at the end of a unit, in the unit's transaction."""
    return (
        keyword("SET LOCAL ROLE NONE"),
        sql("SELECT freehold.migration_done({}, {}, {})", literal(migration.service), literal(migration.name), unit),
    )


TRANSACTION = keyword("SELECT pg_catalog.pg_current_xact_id()::text")
"""The identity of the transaction: another one after a file means that the file ended ours."""


def ledger(run: Run, command: RunCommand, duration_ms: float) -> Sql:
    """The ledger row of a service's own tool, written by the administrator once the tool succeeded."""
    return sql(
        "INSERT INTO freehold.migration AS m (service, name, sha256, applied_by, run, duration_ms)"
        " VALUES ({}, {}, {}, {}, {}, {}) ON CONFLICT (service, name) DO UPDATE SET sha256 = excluded.sha256,"
        " applied_at = excluded.applied_at, applied_by = excluded.applied_by, run = excluded.run,"
        " duration_ms = excluded.duration_ms",
        literal(command.service),
        literal(LEDGER_NAME),
        literal(command.sha256),
        literal(run.who),
        literal(run.id),
        literal(f"{duration_ms:.3f}"),
    )


def environment(
    service: str, host: str, port: int, database: str, user: str, password: str, options: Mapping[str, str]
) -> dict[str, str]:
    """What a migration tool gets: the URL under two names, and libpq's variables for tools built on psql."""
    tls = {key: value for key, value in options.items() if key.startswith("ssl")}
    url = connection_url(host, port, database, user, password, tls)
    return {
        "DATABASE_URL": url,
        "DATABASE_URL_" + re.sub(r"[^A-Z0-9]", "_", service.upper()): url,
        "PGHOST": host,
        "PGPORT": str(port),
        "PGDATABASE": database,
        "PGUSER": user,
        "PGPASSWORD": password,
        **{f"PG{key.upper()}": value for key, value in sorted(tls.items())},
    }


def names(platform: str, services: Iterable[str]) -> tuple[str, ...]:
    """Every deploy login that the platform could have."""
    return tuple(sorted({deploy_role(platform, service) for service in services}))
