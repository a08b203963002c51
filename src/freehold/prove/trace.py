"""That a proof left no trace: rows and sequences counted before and after, and the state's fingerprint."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from freehold.finding import Evidence, Finding, Level
from freehold.found.model import Contents, Found
from freehold.prove.model import Result, Verdict
from freehold.sqltext import Sql, ident, join, keyword, literal, sql

TABLES_MAX = 200
ROWS_MAX = 10_000


def others() -> Sql:
    """How many client connections there are to this database besides Freehold's own."""
    return keyword(
        "SELECT pg_catalog.count(*) FROM pg_catalog.pg_stat_activity WHERE backend_type = 'client backend'"
        " AND datname = pg_catalog.current_database() AND pid <> pg_catalog.pg_backend_pid()"
        # sessions of the proof itself that the server has not yet ended
        " AND application_name NOT IN ('freehold', 'freehold prove')"
    )


def counting(contents: Contents) -> Sql:
    """(what, number) for every sequence and for the first rows of every plain table of a database.

    What a subscription fills changes by itself and is left out, as are the sequences of TimescaleDB's own schemas.
    """
    timescale = contents.timescale
    # the rows of a hypertable are in its chunks
    spread = {(one.schema, one.name) for one in timescale.hypertables} if timescale is not None else set()
    filled = {table for subscription in contents.subscriptions for table in subscription.tables}
    tables = [o for o in contents.objects if o.kind == "TABLE" and (o.schema, o.name) not in filled]
    parts = [
        sql(
            "SELECT {}, (SELECT pg_catalog.count(*) FROM (SELECT FROM {}{} LIMIT {}) t)::pg_catalog.text",
            literal(f"rows of {ident(thing.schema, thing.name)}"),
            Sql(()) if (thing.schema, thing.name) in spread else keyword("ONLY "),
            ident(thing.schema, thing.name),
            ROWS_MAX,
        )
        for thing in tables[:TABLES_MAX]
    ]
    sequences = keyword(
        "SELECT 'last value of ' || schemaname || '.' || sequencename, last_value::pg_catalog.text"
        " FROM pg_catalog.pg_sequences WHERE sequencename NOT LIKE 'freehold\\_canary\\_%'"
        " AND schemaname <> 'freehold'"
    )
    if timescale is not None and timescale.schemas:
        theirs = join(", ", [literal(name) for name in timescale.schemas])
        sequences = sql("{} AND schemaname NOT IN ({})", sequences, theirs)
    return join(" UNION ALL ", [sequences, *parts])


def differences(before: Mapping[str, str | None], after: Mapping[str, str | None]) -> tuple[str, ...]:
    """What changed, in words, sorted."""
    names = sorted(set(before) | set(after))
    return tuple(
        f"{name}: {before.get(name)} -> {after.get(name)}" for name in names if before.get(name) != after.get(name)
    )


def changed(before: Found, after: Found) -> tuple[str, ...]:
    """Which parts of the snapshot differ, in words; for the evidence of a fingerprint that changed."""
    words: list[str] = []
    for name in sorted(set(before.servers) | set(after.servers)):
        one, two = before.servers.get(name), after.servers.get(name)
        if one is None or two is None:
            words.append(f"instance {name}")
            continue
        for what in ("roles", "memberships", "databases", "settings", "hba"):
            if getattr(one, what) != getattr(two, what):
                words.append(f"{what} of instance {name}")
    return tuple(words)


def trace(instance: str, database: str, seen: Iterable[str]) -> Result:
    """The proof's own failure: something is not as it was before."""
    place = f"database {ident(database)} on instance {instance}" if database else f"instance {instance}"
    finding = Finding(
        "no_trace",
        Level.WARNING,
        "",
        place,
        "something changed while the proof ran",
        "Either somebody worked on it at the same time, or an attack left a trace.",
        tuple(Evidence(text) for text in list(seen)[:10]),
        "Run `freehold prove` again while nothing else changes the platform; report it if it comes back.",
    )
    return Result(Verdict.UNKNOWN, "", "", finding)
