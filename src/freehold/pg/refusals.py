"""What PostgreSQL and libpq say when they refuse, as Freehold's own errors."""

from __future__ import annotations

import re
from collections.abc import Sequence

import psycopg

from freehold.errors import MissingRight, RowRefused, ServerError, Unreachable

_LOST = re.compile(r"^(08|57P0)")


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


def from_psycopg(error: psycopg.Error, hidden: Sequence[str] = ()) -> ServerError:
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
    """The last sentence libpq gives is the reason, with what the server adds to it; earlier lines are the addresses
    that it tried."""
    lines = [line.strip() for line in text.strip().splitlines() if line.strip()]
    more = [line for line in lines if line.startswith("DETAIL:")]
    told = [line for line in lines if not line.startswith(("DETAIL:", "HINT:"))]
    if not told:
        return "the connection was lost"
    return f"{told[-1]}: {more[-1].removeprefix('DETAIL:').strip()}" if more else told[-1]


def row_refused(error: psycopg.Error) -> ServerError:
    """Classes 22 and 23 are about what was sent; anything else is refused as any statement is."""
    if not (error.sqlstate or "").startswith(("22", "23")):
        return from_psycopg(error)
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
