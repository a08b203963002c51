"""What to do about others who hold a lock, and about what an interrupted run left behind."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import LiteralString

from freehold.apply.script import Alone, Piece
from freehold.errors import MigrationError
from freehold.plan.model import RunMigration
from freehold.sqltext import Sql, ident, join, keyword, literal, sql


def work_key(platform: str) -> Sql:
    """The key that every working session holds shared, so that the next run sees sessions that outlived theirs."""
    return sql("pg_catalog.hashtextextended({}, 0)", literal(f"freehold-work:{platform}"))


def blockers(pid: int) -> Sql:
    """Who blocks the session ``pid`` now: pid, user, application, database, seconds of its transaction, its query."""
    return sql(
        "SELECT a.pid, COALESCE(a.usename, ''), a.application_name, COALESCE(a.datname, ''),"
        " EXTRACT(EPOCH FROM pg_catalog.clock_timestamp() - COALESCE(a.xact_start, a.backend_start))::integer,"
        " pg_catalog.left(pg_catalog.regexp_replace(a.query, '\\s+', ' ', 'g'), 80)"
        " FROM pg_catalog.pg_stat_activity AS a"
        " WHERE a.pid = ANY (pg_catalog.pg_blocking_pids({})) ORDER BY a.pid",
        pid,
    )


def half_dropped(databases: Iterable[str]) -> Sql:
    """Those of ``databases`` whose DROP DATABASE was interrupted: nobody can use them, only drop them once more."""
    return sql(
        "SELECT datname FROM pg_catalog.pg_database WHERE datconnlimit = -2 AND datname IN ({}) ORDER BY 1",
        join(", ", (literal(name) for name in databases)),
    )


def leftover_logins(roles: Iterable[str]) -> Sql:
    """Those of the short-lived ``roles`` that exist; under the lock each of them is a leftover."""
    return sql(
        "SELECT rolname FROM pg_catalog.pg_roles WHERE rolname IN ({}) ORDER BY 1",
        join(", ", (literal(name) for name in roles)),
    )


@dataclass(frozen=True, slots=True)
class Left:
    """The row of ``freehold.migration_progress`` that an earlier run left for a file; see control.py."""

    sha256: str
    total: int
    done: int
    running: int | None


class Next(StrEnum):
    """What to do with the first statement of a file that is not known to be committed."""

    RUN = "run"
    LOOK = "look"
    """Look at the index it builds: run it, drop an invalid one and run it, or count it as done."""


@dataclass(frozen=True, slots=True)
class Start:
    """Where a file begins: after ``done`` pieces, and how."""

    done: int
    how: Next = Next.RUN


def start(migration: RunMigration, pieces: tuple[Piece, ...], left: Left | None) -> Start:
    """Where to begin, given what an earlier run left. Raises MigrationError when only a person can tell."""
    if left is None or migration.transactional or (left.done == 0 and left.running is None):
        return Start(0)
    if left.sha256 != migration.sha256 or left.total != len(pieces):
        raise MigrationError(
            f'migration "{migration.name}" of service "{migration.service}" was edited after'
            f" {left.done} of its {left.total} statements were committed",
            hint="Put the file back as it was and apply again, or finish it by hand and then run: "
            + _forget(migration),
        )
    if left.running is None:
        return Start(left.done)
    piece = pieces[left.running - 1]
    match piece.alone:
        case Alone.INDEX:
            return Start(left.done, Next.LOOK)
        case Alone.NO | Alone.AGAIN:
            return Start(left.done)
        case Alone.UNKNOWN:
            raise MigrationError(
                f'migration "{migration.name}" of service "{migration.service}" was interrupted in its statement'
                f" {left.running} (line {piece.line}), which runs outside a transaction",
                hint="Look whether it took effect. If it did, run: "
                + _set(migration, "done = running, running = NULL")
                + "; if it did not, run: "
                + _set(migration, "running = NULL")
                + "; then apply again.",
            )


def index_state(index: tuple[str, str, str]) -> Sql:
    """Whether the index (schema or "", name, table) is there and valid: one row (valid, schema), or none.

    The index lies in the schema of its table, so without a schema it is looked for by the session's search_path.
    """
    schema, name, table = index
    relation = ident(schema, table) if schema else ident(table)
    return sql(
        "SELECT i.indisvalid, n.nspname FROM pg_catalog.pg_index AS i"
        " JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid"
        " JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace"
        " WHERE i.indrelid = pg_catalog.to_regclass({}) AND c.relname = {}",
        literal(relation.shown()),
        literal(name),
    )


def drop_index(schema: str, name: str) -> Sql:
    """Removes the invalid index that an interrupted build left; runs outside a transaction."""
    return sql("DROP INDEX CONCURRENTLY IF EXISTS {}", ident(schema, name))


def invalid_indexes(owner: str) -> Sql:
    """Invalid indexes of the owner role's tables, as SQL names; REINDEX CONCURRENTLY leaves such when interrupted."""
    return sql(
        "SELECT pg_catalog.format('%I.%I', n.nspname, c.relname) FROM pg_catalog.pg_index AS i"
        " JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid"
        " JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace"
        " WHERE NOT i.indisvalid AND c.relkind = 'i' AND pg_catalog.pg_get_userbyid(c.relowner) = {} ORDER BY 1",
        literal(owner),
    )


def _set(migration: RunMigration, what: LiteralString) -> str:
    return sql("UPDATE freehold.migration_progress SET {} WHERE {}", keyword(what), _where(migration)).shown()


def _forget(migration: RunMigration) -> str:
    return sql("DELETE FROM freehold.migration_progress WHERE {}", _where(migration)).shown()


def _where(migration: RunMigration) -> Sql:
    return sql("service = {} AND name = {}", literal(migration.service), literal(migration.name))
