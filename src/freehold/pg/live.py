"""Reads a running server without changing it: who owns what, who is connected, what was asked.

Every session is read-only by ``default_transaction_read_only`` and every transaction by its own word; a statement that
runs or waits too long is given up, and what it would have told is named as unseen. No user's table is locked or read.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from freehold.discover.live.model import LiveContents, LiveDatabase, LiveServer, Standby, Statement, Unseen
from freehold.errors import MissingRight, ServerError, TooOld
from freehold.found.model import Server
from freehold.pg import liverows, livesession, snapshot
from freehold.pg.address import address_from_url
from freehold.pg.queries import query
from freehold.pg.rows import Json, rows, strings, values
from freehold.pg.servers import OLDEST
from freehold.pg.session import PgSession
from freehold.ports import Address
from freehold.spec.names import safe_url
from freehold.sqltext import ident, join, keyword, sql

STATEMENTS_MOST = 5_000
TEXT_MOST = 20_000

_BEGIN = keyword("BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
_COMMIT = keyword("COMMIT")


@dataclass
class _Reading:
    """What is gathered while a server is read."""

    address: Address
    queries: int = 0
    unseen: list[Unseen] = field(default_factory=list)
    sessions: list[PgSession] = field(default_factory=list)
    pool: bool = False
    """Whether the way leads through a pool: what holds for a session elsewhere must begin each transaction then."""
    home: str = ""
    """The database that the address leads to, which a pool may call otherwise."""

    def open(self, database: str | None) -> PgSession:
        place = self.address
        name = place.maintenance_database if database in (None, self.home) else database
        parameters: dict[str, str | int] = {
            **place.options,
            "host": place.host,
            "port": place.port,
            "dbname": name or "",
            "user": place.user,
            "password": place.password,
            "application_name": "freehold discover",
        }
        session, self.pool = livesession.opened(parameters, pool=self.pool)
        self.sessions.append(session)
        if session.version < OLDEST:
            version = session.version // 10000
            session.close()
            raise TooOld(f"the server runs PostgreSQL {version}", hint="Freehold reads PostgreSQL 15 or newer.")
        return session

    def ask(self, session: PgSession, *names: str) -> list[Json]:
        """The value of each query, in one round trip and one read-only snapshot."""
        wanted = [query(name, session.version) for name in names]
        outcomes = session.attempts(join(";\n", [_BEGIN, *session.each, *wanted, _COMMIT]))
        self.queries += len(wanted)
        for outcome in outcomes:
            if not outcome.ok:
                session.attempt(keyword("ROLLBACK"))
                raise session.refused(outcome)
        found = outcomes[1 + len(session.each) : -1]
        return [json.loads(outcome.rows[0][0]) if outcome.rows and outcome.rows[0][0] else None for outcome in found]

    def may_ask(self, session: PgSession, name: str, what: str) -> Json:
        """As ``ask``, for what a server may be closed about: None where it refuses."""
        try:
            return self.ask(session, name)[0]
        except MissingRight as error:
            self.hidden(what, error.message, self.monitor)
            return None

    def hidden(self, what: str, why: str, remedy: str) -> None:
        self.unseen.append(Unseen(what, why, remedy))

    @property
    def monitor(self) -> str:
        """What would show what only members of pg_monitor see."""
        return sql("GRANT pg_monitor TO {};", ident(self.address.user)).shown()

    def entry(self, database: str) -> str:
        """What would let the login into a database."""
        return sql("GRANT CONNECT ON DATABASE {} TO {};", ident(database), ident(self.address.user)).shown()


def read(
    url: str,
    *,
    window_ms: int = 0,
    every_ms: int = 500,
    databases: Sequence[str] = (),
    sleep: Callable[[float], None] = time.sleep,
) -> LiveServer:
    """Read the server that ``url`` leads to; all databases that the login may enter, or only those named.

    With ``window_ms`` who is connected is looked at again every ``every_ms``. Raises Unreachable, MissingRight when
    the login is refused, and TooOld. Whatever else cannot be seen is told in ``unseen``.
    """
    reading = _Reading(address_from_url("main", url))
    session = reading.open(None)
    try:
        stats, settings_, hba, in_recovery, track = values(reading.ask(session, "live_rights")[0])
        reading.home = strings(reading.ask(session, "who")[0])[1]
        databases_told = reading.ask(session, "live_databases")[0]
        standbys = rows(reading.may_ask(session, "live_standbys", "standbys"))
        server = snapshot.read_server(lambda _name, _database: reading.open(None), "main", verifiers=False)
        reading.queries += 9  # settings, roles, memberships, databases .. in one round trip
        _say_unseen(reading, server, stats is True, settings_ is True, hba is True, track is True)
        _say_way(reading, standby=in_recovery is True)
        looks = _looks(reading, session, window_ms, every_ms, sleep)
    finally:
        session.close()
    known = {str(row[0]): row for row in rows(databases_told)}
    wanted = [
        name
        for name, one in server.databases.items()
        if one.allow_connections and not one.is_template and (not databases or name in databases)
    ]
    entered = [name for name in wanted if name in known and known[name][4] is True]
    for name in wanted:
        if name not in entered:
            reading.hidden(f'database "{name}"', "the login may not connect to it", reading.entry(name))
    inside = livesession.side_by_side(lambda name: _contents(reading, name), entered, reading.sessions)
    statements = _statements(reading, [name for name in entered if _has_statements(inside[name])])
    return LiveServer(
        place=safe_url(url),
        server=server,
        databases=MappingProxyType(
            {name: _database(server, known.get(name), inside.get(name), name) for name in server.databases}
        ),
        seen=liverows.seen_of(looks),
        statements=statements,
        standbys=tuple(sorted(Standby(*(str(item) for item in row)) for row in standbys)),
        in_recovery=in_recovery is True,
        unseen=tuple(sorted(set(reading.unseen))),
        samples=len(looks),
        window_ms=window_ms,
        queries=reading.queries,
    )


def _looks(
    reading: _Reading, session: PgSession, window_ms: int, every_ms: int, sleep: Callable[[float], None]
) -> list[list[list[Json]]]:
    every = max(every_ms, 100)
    looks = [rows(reading.may_ask(session, "live_activity", "who is connected"))]
    for _ in range(window_ms // every):
        sleep(every / 1000)
        looks.append(rows(reading.may_ask(session, "live_activity", "who is connected")))
    return looks


def _say_unseen(reading: _Reading, server: Server, stats: bool, settings: bool, hba: bool, track: bool) -> None:
    if not stats:
        reading.hidden(
            "what sessions of other logins do and where they come from",
            "the login has not pg_read_all_stats",
            reading.monitor,
        )
    if not settings:
        reading.hidden(
            "settings that only superusers see (shared_preload_libraries, data_directory ..)",
            "the login has not pg_read_all_settings",
            reading.monitor,
        )
    if not hba:
        reading.hidden("pg_hba.conf", "the login may not read pg_hba_file_rules", "Read it as a superuser.")
    if not track:
        reading.hidden("what sessions do", "track_activities is off", "ALTER SYSTEM SET track_activities = on;")
    if not server.superuser:
        reading.hidden("how passwords are stored", "only a superuser reads pg_authid", "Read it as a superuser.")


def _say_way(reading: _Reading, *, standby: bool) -> None:
    """What no login sees from here, because of the place that is asked."""
    if standby:
        reading.hidden(
            "who uses the primary",
            "this server is a standby: sessions and statistics are its own",
            "Read the primary too; a remedy that changes a database is for the primary.",
        )
    if reading.pool:
        reading.hidden(
            "which clients stand behind the pool",
            "the way leads through a pool: the server sees the pool's address, and sessions are shared",
            "Read the server itself, past the pool.",
        )


def _contents(reading: _Reading, database: str) -> LiveContents | None:
    try:
        session = reading.open(database)
    except ServerError as error:
        remedy = "Read the server itself, past the pool." if reading.pool else reading.entry(database)
        reading.hidden(f'database "{database}"', error.message, remedy)
        return None
    try:
        if reading.pool and (there := strings(reading.ask(session, "who")[0])[1]) != database:
            reading.hidden(
                f'database "{database}"',
                f'the pool leads this name to database "{there}"',
                "Read the server itself, past the pool.",
            )
            return None
        try:
            got = reading.ask(session, "live_contents")[0]
        except ServerError as error:
            if error.sqlstate != "XX000":
                raise
            # "cache lookup failed": something was dropped while we read; the second look is after the drop
            got = reading.ask(session, "live_contents")[0]
        return liverows.contents_of(got)
    except ServerError as error:
        reading.hidden(
            f'what is inside database "{database}"', error.message, "Read again when the server is less busy."
        )
        return None
    finally:
        session.close()


def _has_statements(contents: LiveContents | None) -> bool:
    return contents is not None and "pg_stat_statements" in contents.extensions


def _statements(reading: _Reading, homes: Iterable[str]) -> tuple[Statement, ...] | None:
    """The most called statements of all databases, read where the extension is installed first."""
    what = "which statements were run"
    for database in homes:
        session = reading.open(database)
        try:
            (schema,) = strings(reading.ask(session, "live_statements_home")[0])[:1] or ("",)
            if not schema:
                reading.hidden(what, f'the schema of pg_stat_statements in "{database}" is closed', reading.monitor)
                continue
            reading.queries += 1
            session.execute(join(";\n", [_BEGIN, *session.each]))
            found, hidden = liverows.statements_of(
                session.query(
                    sql(
                        "SELECT d.datname, u.rolname, pg_catalog.left(s.query, {}), pg_catalog.sum(s.calls)::bigint"
                        " FROM {} AS s JOIN pg_catalog.pg_database AS d ON d.oid = s.dbid"
                        " JOIN pg_catalog.pg_roles AS u ON u.oid = s.userid"
                        " GROUP BY 1, 2, 3 ORDER BY 4 DESC LIMIT {}",
                        TEXT_MOST,
                        ident(schema, "pg_stat_statements"),
                        STATEMENTS_MOST,
                    )
                )
            )
            if hidden:
                reading.hidden(
                    "the text of statements of other logins", "the login has not pg_read_all_stats", reading.monitor
                )
            return found
        except ServerError as error:
            reading.hidden(what, error.message, "Add pg_stat_statements to shared_preload_libraries and restart.")
        finally:
            session.close()
    if not any(unseen.what == what for unseen in reading.unseen):
        reading.hidden(
            what,
            "pg_stat_statements is installed in no database that was read",
            "CREATE EXTENSION pg_stat_statements; with the library in shared_preload_libraries.",
        )
    return None


def _database(server: Server, row: list[Json] | None, contents: LiveContents | None, name: str) -> LiveDatabase:
    found = server.databases[name]
    numbers = [int(item) if isinstance(item, int) else None for item in (row or [None] * 4)[1:4]]
    return LiveDatabase(
        name=name,
        owner=found.owner,
        acl=found.acl,
        bytes=numbers[0],
        connections=numbers[1],
        commits=numbers[2],
        connection_limit=found.connection_limit,
        contents=contents,
    )
