"""What the journals of all databases say together: runs, newest first, and the steps of one run."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from freehold.sqltext import Sql, keyword, literal, sql

HAS_JOURNAL = keyword("SELECT pg_catalog.to_regclass('freehold.journal') IS NOT NULL")
"""Whether a database has a journal; one that Freehold has not touched yet has none."""


@dataclass(frozen=True, slots=True)
class RunSummary:
    """One run of apply over all databases; times are ISO 8601 in UTC."""

    run: str
    who: str
    since: str
    until: str
    done: int
    failed: int
    unfinished: int

    def as_json(self) -> dict[str, object]:
        return {
            "run": self.run,
            "who": self.who,
            "since": self.since,
            "until": self.until,
            "done": self.done,
            "failed": self.failed,
            "unfinished": self.unfinished,
        }


def runs(platform: str, last: int) -> Sql:
    """The last runs of a platform that one database knows."""
    return sql(
        "SELECT run::text, min(who),"
        " to_char(min(at) AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'),"
        " to_char(max(at) AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'),"
        " count(*) FILTER (WHERE outcome = 'done'), count(*) FILTER (WHERE outcome IN ('failed', 'undone')),"
        " count(*) FILTER (WHERE outcome = 'started')"
        " FROM freehold.journal WHERE platform = {} GROUP BY run ORDER BY max(at) DESC LIMIT {}",
        literal(platform),
        last,
    )


def steps(platform: str, run: str) -> Sql:
    """The steps of one run that one database knows, oldest first."""
    return sql(
        "SELECT to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"'), outcome, database, action, kind,"
        " name, service, duration_ms::float8, coalesce(error, '')"
        " FROM freehold.journal WHERE platform = {} AND run::text = {} ORDER BY id",
        literal(platform),
        literal(run),
    )


def merged(found: Iterable[Sequence[object]], last: int) -> tuple[RunSummary, ...]:
    """Rows of ``runs`` from many databases as one summary for each run, newest first."""
    by_run: dict[str, RunSummary] = {}
    for row in found:
        run, who, since, until = (str(cell) for cell in row[:4])
        done, failed, unfinished = (int(str(cell)) for cell in row[4:7])
        seen = by_run.get(run)
        if seen is None:
            by_run[run] = RunSummary(run, who, since, until, done, failed, unfinished)
        else:
            by_run[run] = RunSummary(
                run,
                who,
                min(since, seen.since),
                max(until, seen.until),
                done + seen.done,
                failed + seen.failed,
                unfinished + seen.unfinished,
            )
    return tuple(sorted(by_run.values(), key=lambda one: (one.until, one.run), reverse=True)[:last])
