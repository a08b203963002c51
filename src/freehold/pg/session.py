"""A database session over psycopg."""

from __future__ import annotations

import contextlib
import os
import select
import socket
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager

import psycopg
from psycopg import pq
from psycopg.conninfo import make_conninfo

from freehold.errors import ServerError, Unreachable
from freehold.pg import copying, streaming
from freehold.pg.refusals import connection_refusal, from_psycopg, refusal
from freehold.ports import Outcome, Row
from freehold.sqltext import Sql

CONNECT_TIMEOUT_S = 10
STATEMENT_TIMEOUT_MS = 300_000


def startup_options(lock_timeout_ms: int, statement_timeout_ms: int) -> str:
    """The ``options`` of an administrator's connection.

    The search_path is pinned here, not by SET: a database's owner may give it another one with
    ALTER DATABASE .. SET, and would then run code as the administrator.
    """
    return (
        "-c search_path=pg_catalog,pg_temp -c standard_conforming_strings=on -c bytea_output=hex"
        f" -c lock_timeout={lock_timeout_ms} -c statement_timeout={statement_timeout_ms}"
    )


def _no_secret(name: str) -> str:
    raise LookupError(f"this statement has no way to resolve the secret {name!r}")


class PgSession:
    """``ports.Session`` over one psycopg connection in autocommit mode. Not safe to share between threads."""

    def __init__(self, connection: psycopg.Connection[Row]) -> None:
        self._connection = connection
        self.each: tuple[Sql, ...] = ()
        """What each transaction begins with, where the next one may have another server connection."""
        self._heard: list[tuple[str, str]] = []
        connection.add_notify_handler(lambda note: self._heard.append((note.channel, note.payload)))

    @property
    def version(self) -> int:
        """server_version_num of the server."""
        return self._connection.info.server_version

    @property
    def superuser(self) -> bool:
        """Whether the session's user is a superuser, as the server reported when the session began."""
        return self._connection.info.parameter_status("is_superuser") == "on"

    @property
    def server(self) -> str:
        """The version as what answers writes it; PgBouncer's console says that it is one."""
        return self._connection.info.parameter_status("server_version") or ""

    def query(self, sql: Sql, parameters: Sequence[object] = ()) -> list[Row]:
        """Run one statement and return its rows.

        With parameters, places are written ``%s`` and any other ``%`` must be doubled.
        """
        try:
            with self._connection.cursor() as cursor:
                cursor.execute(sql.sent(_no_secret).encode(), parameters or None)
                return cursor.fetchall() if cursor.description else []
        except psycopg.Error as error:
            raise from_psycopg(error) from None

    def execute(self, sql: Sql, resolve: Callable[[str], str] | None = None) -> None:
        """Run one or more statements; secrets never show in the error that a refusal raises."""
        hidden: list[str] = []

        def remember(name: str) -> str:
            hidden.append((resolve or _no_secret)(name))
            return hidden[-1]

        text = sql.sent(remember)
        try:
            with self._connection.cursor() as cursor:
                cursor.execute(text.encode())
        except psycopg.Error as error:
            raise from_psycopg(error, hidden) from None

    def attempt(self, sql: Sql) -> Outcome:
        """Run text as a hostile client would: simple protocol, rows as text; a lost connection raises."""
        outcome = self.attempts(sql)
        return outcome[-1] if outcome else Outcome()

    def attempts(self, sql: Sql) -> list[Outcome]:
        """As ``attempt``, with one Outcome for each statement of the text, up to the first refusal."""
        connection = self._connection.pgconn
        try:
            connection.send_query(sql.sent(_no_secret).encode())
            outcomes: list[Outcome] = []
            while (result := connection.get_result()) is not None:
                outcomes.append(self._outcome(result))
        except psycopg.Error as error:
            raise from_psycopg(error) from None
        if connection.status != pq.ConnStatus.OK:
            last = outcomes[-1] if outcomes else Outcome()
            raise Unreachable(
                last.message or "the connection was lost",
                hint="Check that the server runs and accepts connections.",
                sqlstate=last.sqlstate or "08006",
            )
        return outcomes

    def refused(self, outcome: Outcome) -> ServerError:
        """The error that an Outcome of ``attempts`` stands for."""
        return refusal(outcome.sqlstate, outcome.message)

    def _outcome(self, result: pq.abc.PGresult) -> Outcome:
        connection = self._connection.pgconn
        if result.status == pq.ExecStatus.COPY_IN:
            connection.put_copy_end()  # no rows at all: the copy succeeds if the right is there
            return Outcome(tag="COPY")
        if result.status in (pq.ExecStatus.COPY_OUT, pq.ExecStatus.COPY_BOTH):
            lines: list[tuple[str | None, ...]] = []
            while (got := connection.get_copy_data(0))[0] > 0:
                lines.append((bytes(got[1]).decode(errors="replace").rstrip("\n"),))
            return Outcome(rows=tuple(lines), tag="COPY")
        if result.status in (pq.ExecStatus.TUPLES_OK, pq.ExecStatus.COMMAND_OK, pq.ExecStatus.EMPTY_QUERY):
            columns = range(result.nfields)
            rows = tuple(
                tuple(_text(result.get_value(row, column)) for column in columns) for row in range(result.ntuples)
            )
            return Outcome(rows=rows, tag=(result.command_status or b"").decode())
        primary = result.error_field(pq.DiagnosticField.MESSAGE_PRIMARY)
        sqlstate = result.error_field(pq.DiagnosticField.SQLSTATE)
        return Outcome(
            sqlstate=(sqlstate or b"08006").decode(),
            message=(primary or b"the connection was lost").decode(errors="replace"),
        )

    def copy_in(self, sql: Sql, blocks: Iterable[bytes]) -> int:
        """Stream ``blocks`` into a ``COPY .. FROM STDIN``; how many rows the server took."""
        return copying.send(self._connection, sql.sent(_no_secret).encode(), blocks)

    def copy_out(self, sql: Sql) -> Iterator[bytes]:
        """What a ``COPY .. TO STDOUT`` says, in blocks of whole rows."""
        return copying.receive(self._connection, sql.sent(_no_secret).encode())

    def stream(self, sql: Sql) -> AbstractContextManager[Iterator[list[Row]]]:
        """The rows of one statement in blocks as they arrive; leaving early cancels it."""
        return streaming.rows(self._connection, sql.sent(_no_secret).encode())

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """A transaction block; a nested one is a savepoint."""
        try:
            with self._connection.transaction():
                yield
        except psycopg.Error as error:
            raise from_psycopg(error) from None

    def notifications(self, timeout_ms: int) -> list[tuple[str, str]]:
        """(channel, payload) of everything heard since the last call and within the time."""
        connection = self._connection.pgconn
        deadline = time.monotonic() + timeout_ms / 1000
        heard, self._heard = self._heard, []
        try:
            while True:
                connection.consume_input()
                while (note := connection.notifies()) is not None:
                    heard.append((note.relname.decode(), note.extra.decode()))
                left = deadline - time.monotonic()
                if left <= 0:
                    return heard
                select.select([connection.socket], [], [], left)
        except psycopg.Error as error:
            raise from_psycopg(error) from None

    def named(self, sql: Sql) -> list[dict[str, object]]:
        """The rows of one statement as mappings, for answers whose columns grow with the server's version."""
        try:
            with self._connection.cursor() as cursor:
                cursor.execute(sql.sent(_no_secret).encode())
                names = [column.name for column in cursor.description or ()]
                return [dict(zip(names, row, strict=True)) for row in (cursor.fetchall() if names else [])]
        except psycopg.Error as error:
            raise from_psycopg(error) from None

    def abandon(self) -> None:
        """Cut the connection from another thread, so that the one that waits for an answer stops waiting."""
        with contextlib.suppress(OSError, psycopg.Error):
            cut = socket.socket(fileno=os.dup(self._connection.pgconn.socket))
            with cut:
                cut.shutdown(socket.SHUT_RDWR)

    def cancel(self) -> None:
        """Ask the server to give up what this session runs; from any thread, and nothing is said when it cannot."""
        with contextlib.suppress(psycopg.Error):
            self._connection.cancel_safe(timeout=2)

    def close(self) -> None:
        """Close the connection; safe to call twice."""
        self._connection.close()


def connect(parameters: dict[str, str | int]) -> PgSession:
    """Open a session. ``parameters`` are libpq's; a refusal raises the error of Freehold's tree."""
    try:
        words = make_conninfo(
            "",
            **{
                "application_name": "freehold",
                "connect_timeout": CONNECT_TIMEOUT_S,
                **parameters,
                "client_encoding": "UTF8",
            },
        )
        connection: psycopg.Connection[Row] = psycopg.connect(words, autocommit=True, prepare_threshold=None)
    except psycopg.Error as error:
        raise connection_refusal(error) from None
    return PgSession(connection)


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode(errors="replace")
