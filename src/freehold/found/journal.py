"""The journal: who did what, when, where and with what outcome, as SQL on the tables of the control schema."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from freehold.sqltext import Sql, join, keyword, literal, sql


@dataclass(frozen=True, slots=True)
class Run:
    """One apply: the same on every instance. ``who`` is the person and machine, as the caller knows them."""

    id: str
    platform: str
    who: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of the journal."""

    action: str
    kind: str
    name: str
    service: str
    database: str
    sql: str
    outcome: str
    duration_ms: float | None = None
    error: str = ""

    def ended(self, outcome: str, duration_ms: float, error: str = "") -> Entry:
        return replace(self, outcome=outcome, duration_ms=duration_ms, error=error)


EXISTS = keyword("SELECT pg_catalog.to_regclass('freehold.journal') IS NOT NULL")
"""Whether a database has a journal yet."""


def insert(run: Run, entries: Iterable[Entry]) -> Sql:
    """One statement that writes ``entries`` (at least one), oldest first, and returns their ids."""
    rows = join(", ", (_row(run, item) for item in entries))
    return sql(
        "INSERT INTO freehold.journal (run, platform, who, client, action, kind, name, service, database, sql,"
        " duration_ms, outcome, error) VALUES {} RETURNING id",
        rows,
    )


def end(row: int, item: Entry) -> Sql:
    """The update that gives a row written as ``started`` its outcome."""
    return sql(
        "UPDATE freehold.journal SET at = pg_catalog.clock_timestamp(), outcome = {}, duration_ms = {}, error = {}"
        " WHERE id = {}",
        literal(item.outcome),
        _number(item.duration_ms),
        _text_or_null(item.error),
        row,
    )


def settle(run: Run) -> Sql:
    """Gives rows that an interrupted run left as ``started`` the outcome that is known now. Run under the lock."""
    return sql(
        "UPDATE freehold.journal AS j SET"
        " outcome = CASE WHEN done.yes THEN 'done' ELSE 'failed' END,"
        " error = CASE WHEN done.yes THEN NULL ELSE 'interrupted: Freehold or its connection ended' END"
        " FROM (SELECT old.id, EXISTS (SELECT FROM freehold.migration AS m WHERE m.run = old.run"
        "  AND m.service = old.service AND m.name = old.name AND old.kind LIKE '%migration%') AS yes"
        "  FROM freehold.journal AS old WHERE old.outcome = 'started') AS done"
        " WHERE j.id = done.id AND j.outcome = 'started' AND j.run <> {} AND j.platform = {}",
        literal(run.id),
        literal(run.platform),
    )


def _row(run: Run, item: Entry) -> Sql:
    texts = (item.action, item.kind, item.name, item.service, item.database, item.sql)
    return sql(
        "({}, {}, {}, {}, {}, {}, {}, {})",
        literal(run.id),
        literal(run.platform),
        literal(run.who),
        _CLIENT,
        join(", ", (literal(_clean(text)) for text in texts)),
        _number(item.duration_ms),
        literal(item.outcome),
        _text_or_null(item.error),
    )


_CLIENT = keyword("pg_catalog.concat(session_user, ' ', pg_catalog.inet_client_addr())")


def _number(value: float | None) -> Sql:
    return keyword("NULL") if value is None else sql("{}::pg_catalog.numeric", literal(f"{value:.3f}"))


def _text_or_null(text: str) -> Sql:
    return literal(_clean(text)) if text else keyword("NULL")


def _clean(text: str) -> str:
    return text.replace("\0", "\\0")
