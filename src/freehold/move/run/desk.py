"""The sessions of a verification: settings pinned, time not limited, snapshots handed from one to another."""

from __future__ import annotations

from contextlib import ExitStack, suppress

from freehold.errors import ServerError
from freehold.found.locks import YIELDING
from freehold.move.checksum import PINNED
from freehold.move.model import Side
from freehold.ports import Servers, Session
from freehold.sqltext import keyword, literal, sql

_UNLIMITED = keyword(
    "SELECT pg_catalog.set_config(name, '0', false) FROM pg_catalog.pg_settings WHERE name IN ('statement_timeout',"
    " 'idle_in_transaction_session_timeout', 'idle_session_timeout', 'transaction_timeout')"
)


def session(stack: ExitStack, servers: Servers, side: Side) -> Session:
    """A session with pinned settings that nothing ends but its work; closed with the stack."""
    found = servers.admin(side.instance, side.database)
    stack.callback(found.close)
    return prepared(found)


def prepared(found: Session) -> Session:
    """The session with its settings pinned."""
    found.execute(PINNED)
    found.query(_UNLIMITED)
    found.query(YIELDING)
    return found


def begin(session: Session, snapshot: str = "") -> None:
    """Begin to read: under ``snapshot``, or a new one that the first query takes."""
    session.execute(keyword("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
    if snapshot:
        session.execute(sql("SET TRANSACTION SNAPSHOT {}", literal(snapshot)))


def end(session: Session) -> None:
    """End the transaction of a session, whatever its state; one that is lost needs no ending."""
    with suppress(ServerError):
        session.execute(keyword("ROLLBACK"))


def exported(session: Session) -> tuple[str, str]:
    """The name under which others can take this transaction's snapshot, and what pg_current_snapshot says of it."""
    ((name, seen),) = session.query(
        keyword("SELECT pg_catalog.pg_export_snapshot(), pg_catalog.pg_current_snapshot()::pg_catalog.text")
    )
    return str(name), str(seen)
