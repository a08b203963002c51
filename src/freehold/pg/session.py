"""A database session over psycopg, and PostgreSQL's refusals as Freehold's own errors."""

from __future__ import annotations

import re
import select
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager

import psycopg
from psycopg import pq

from freehold.errors import MissingRight, RowRefused, ServerError, Unreachable
from freehold.ports import Outcome, Row
from freehold.sqltext import Sql

LOCK_TIMEOUT_MS = 3_000
STATEMENT_TIMEOUT_MS = 300_000

_LOST = re.compile(r"^(08|57P0)")


def startup_options(lock_timeout_ms: int, statement_timeout_ms: int) -> str:
    """The ``options`` of an administrator's connection.

    The search_path is pinned here, not by SET: a database's owner may give it another one with
    ALTER DATABASE .. SET, and would then run code as the administrator.
    """
    return (
        "-c search_path=pg_catalog,pg_temp -c standard_conforming_strings=on -c bytea_output=hex"
        f" -c lock_timeout={lock_timeout_ms} -c statement_timeout={statement_timeout_ms}"
    )


def refusal(sqlstate: str, message: str, *, detail: str = "", hint: str = "") -> ServerError:
    """The error of Freehold's tree that fits what the server said."""
    text = f"{message}: {detail}" if detail else message
    if sqlstate == "42501":
        return MissingRight(
            text,
            hint=hint or "Ask a superuser or the owner of the object to grant this right to Freehold's login.",
            sqlstate=sqlstate,
        )
    if _LOST.match(sqlstate) or sqlstate == "53300":
        return Unreachable(text, hint=hint or "Check that the server runs and accepts connections.", sqlstate=sqlstate)
    return ServerError(text, hint=hint, sqlstate=sqlstate)


def _from_psycopg(error: psycopg.Error, hidden: Sequence[str] = ()) -> ServerError:
    # str(error) holds the line of the statement that failed, which may hold a password: only the diagnosis is used
    primary = error.diag.message_primary
    sqlstate = error.sqlstate or error.diag.sqlstate or ""
    if primary is None:
        lost = isinstance(error, psycopg.OperationalError)
        text = first_line(str(error)) if lost else type(error).__name__
        return refusal(sqlstate or ("08006" if lost else ""), _hide(text, hidden))
    return refusal(
        sqlstate,
        _hide(primary, hidden),
        detail=_hide(error.diag.message_detail or "", hidden),
        hint=_hide(error.diag.message_hint or "", hidden),
    )


def first_line(text: str) -> str:
    """The last sentence libpq gives is the reason; earlier lines are the addresses that it tried."""
    lines = [line.strip() for line in text.strip().splitlines() if line.strip()]
    return lines[-1] if lines else "the connection was lost"


def _row_refused(error: psycopg.Error) -> ServerError:
    """Classes 22 and 23 are about what was sent; anything else is refused as any statement is."""
    if not (error.sqlstate or "").startswith(("22", "23")):
        return _from_psycopg(error)
    return RowRefused(
        error.diag.message_primary or "the row was refused",
        sqlstate=error.sqlstate or "",
        column=error.diag.column_name or "",
        constraint=error.diag.constraint_name or "",
        detail=error.diag.message_detail or "",
        context=error.diag.context or "",
    )


def _hide(text: str, hidden: Sequence[str]) -> str:
    for secret in hidden:
        if secret:
            text = text.replace(secret, "<password>")
    return text


def _no_secret(name: str) -> str:
    raise LookupError(f"this statement has no way to resolve the secret {name!r}")


class PgSession:
    """``ports.Session`` over one psycopg connection in autocommit mode. Not safe to share between threads."""

    def __init__(self, connection: psycopg.Connection[Row]) -> None:
        self._connection = connection
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

    def query(self, sql: Sql, parameters: Sequence[object] = ()) -> list[Row]:
        """Run one statement and return its rows.

        With parameters, places are written ``%s`` and any other ``%`` must be doubled.
        """
        try:
            with self._connection.cursor() as cursor:
                cursor.execute(sql.sent(_no_secret).encode(), parameters or None)
                return cursor.fetchall() if cursor.description else []
        except psycopg.Error as error:
            raise _from_psycopg(error) from None

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
            raise _from_psycopg(error, hidden) from None

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
            raise _from_psycopg(error) from None
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
        try:
            with self._connection.cursor() as cursor:
                with cursor.copy(sql.sent(_no_secret).encode()) as copy:
                    for block in blocks:
                        copy.write(block)
                return cursor.rowcount
        except psycopg.Error as error:
            raise _row_refused(error) from None

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """A transaction block; a nested one is a savepoint."""
        try:
            with self._connection.transaction():
                yield
        except psycopg.Error as error:
            raise _from_psycopg(error) from None

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
            raise _from_psycopg(error) from None

    def close(self) -> None:
        """Close the connection; safe to call twice."""
        self._connection.close()


def connect(parameters: dict[str, str | int]) -> PgSession:
    """Open a session. ``parameters`` are libpq's; a refusal raises the error of Freehold's tree."""
    try:
        connection: psycopg.Connection[Row] = psycopg.connect(
            **{"application_name": "freehold", "connect_timeout": 10, **parameters},  # type: ignore[arg-type]  # libpq's own words
            client_encoding="UTF8",
            autocommit=True,
            prepare_threshold=None,
        )
    except psycopg.Error as error:
        raise connection_refusal(error) from None
    return PgSession(connection)


# libpq reports a refused connection as text only; these sentences are not translated because lc_messages
# of the sessions that Freehold opens on its own servers is C, and others fall through to 08006
_REFUSALS = (
    (re.compile(r"password authentication failed"), "28P01"),
    (
        re.compile(r"no pg_hba\.conf entry|pg_hba\.conf rejects|authentication failed|is not permitted to log in"),
        "28000",
    ),
    (re.compile(r"permission denied for database"), "42501"),
    (re.compile(r"database .* does not exist|is not currently accepting connections", re.S), "3D000"),
    (re.compile(r"role .* does not exist", re.S), "28000"),
    (re.compile(r"too many (connections|clients)|remaining connection slots"), "53300"),
    (re.compile(r"no password supplied|SCRAM"), "28P01"),
    (re.compile(r"the database system is (starting up|shutting down|in recovery)"), "57P03"),
)


def connection_refusal(error: psycopg.Error) -> ServerError:
    """What a failed connection means; psycopg gives no sqlstate for those, so libpq's text is read."""
    text = str(error)
    sqlstate = error.sqlstate or next((state for pattern, state in _REFUSALS if pattern.search(text)), "08001")
    message = first_line(text).removeprefix("FATAL:").strip()
    message = re.sub(r"^connection (to server at|failed:).*?(?:FATAL|ERROR):\s*", "", message, flags=re.S)
    if sqlstate == "08001":
        return Unreachable(
            f"no server answers: {message}", hint="Start the server, or correct its URL.", sqlstate=sqlstate
        )
    return refusal(sqlstate, message)


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode(errors="replace")
