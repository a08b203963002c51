"""Rows as they arrive, a block at a time: nothing is kept, and an interrupt is heard while the server is silent."""

from __future__ import annotations

import select
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psycopg
from psycopg import pq
from psycopg.adapt import AdaptersMap, Transformer
from psycopg.types.string import TextLoader

from freehold.errors import ServerError
from freehold.pg.refusals import from_psycopg, refusal
from freehold.ports import Row

BLOCK_ROWS = 5_000
"""Rows handed on at a time: enough that the calls between do not count, little enough to hold."""

_CANCEL_TIMEOUT_S = 10.0
_CANCEL_AGAIN_S = 1.0

_AS_THEY_ARE = ("int2", "int4", "int8", "text", "varchar", "bytea")

Connection = psycopg.Connection[Row]


@contextmanager
def rows(connection: Connection, statement: bytes) -> Iterator[Iterator[list[Row]]]:
    """The rows of one statement in blocks; leaving early cancels it.

    The statement is on its way when this returns, so that two servers can work at the same time."""
    server = connection.pgconn
    try:
        try:
            server.send_query_params(statement, None)
            _in_blocks(server)
            while server.flush():
                select.select([], [server.socket], [])
        except psycopg.Error as error:
            raise from_psycopg(error) from None
        yield _blocks(connection)
    finally:
        if server.transaction_status == pq.TransactionStatus.ACTIVE:
            _abandon(connection)


def _in_blocks(server: pq.abc.PGconn) -> None:
    try:
        server.set_chunked_rows_mode(BLOCK_ROWS)
    except psycopg.NotSupportedError:  # libpq before 17: the same rows, each in a result of its own
        server.set_single_row_mode()


def _blocks(connection: Connection) -> Iterator[list[Row]]:
    server = connection.pgconn
    loader = Transformer(_plain(connection))
    try:
        while (result := _next(server)) is not None:
            if result.status in (pq.ExecStatus.TUPLES_CHUNK, pq.ExecStatus.SINGLE_TUPLE):
                loader.set_pgresult(result)
                yield loader.load_rows(0, result.ntuples, tuple)
            elif (refused := _refused(result)) is not None:
                while server.get_result() is not None:
                    pass
                raise refused
    except psycopg.Error as error:
        raise from_psycopg(error) from None


class _Plain:
    """What a Transformer asks for its loaders: those of the connection, but everything that is no number,
    text or bytes is left as its text."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.adapters = AdaptersMap(connection.adapters)


def _plain(connection: Connection) -> _Plain:
    found = _Plain(connection)
    for info in connection.adapters.types:
        if info.name not in _AS_THEY_ARE:
            found.adapters.register_loader(info.oid, TextLoader)
        if info.array_oid:
            found.adapters.register_loader(info.array_oid, TextLoader)
    return found


def _next(server: pq.abc.PGconn) -> pq.abc.PGresult | None:
    while server.is_busy():
        # libpq itself would wait in C, where no interrupt is heard
        select.select([server.socket], [], [])
        server.consume_input()
    return server.get_result()


def _abandon(connection: Connection) -> None:
    """End a statement that nobody reads any further; a connection that is lost by now needs no ending.

    A server forgets a request to cancel that comes before the statement has begun, so it is asked until it ends."""
    with suppress(psycopg.Error):
        connection.cancel_safe(timeout=_CANCEL_TIMEOUT_S)
        while not _ended(connection.pgconn, time.monotonic() + _CANCEL_AGAIN_S):
            connection.cancel_safe(timeout=_CANCEL_TIMEOUT_S)


def _ended(server: pq.abc.PGconn, deadline: float) -> bool:
    """Throw away what still arrives, until the deadline; whether the statement has ended by then."""
    while (left := deadline - time.monotonic()) > 0:
        if server.is_busy():
            select.select([server.socket], [], [], left)
            server.consume_input()
        elif server.get_result() is None:
            return True
    return False


def _refused(result: pq.abc.PGresult) -> ServerError | None:
    """The error that ended a statement, or None."""
    if result.status not in (pq.ExecStatus.FATAL_ERROR, pq.ExecStatus.BAD_RESPONSE):
        return None
    sqlstate, message = (
        (result.error_field(field) or b"").decode(errors="replace")
        for field in (pq.DiagnosticField.SQLSTATE, pq.DiagnosticField.MESSAGE_PRIMARY)
    )
    return refusal(sqlstate or "08006", message or "the connection was lost")
