"""COPY in both directions as streams: nothing is kept here, and an interrupt is heard while the server is silent."""

from __future__ import annotations

import select
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress

import psycopg
from psycopg import pq

from freehold.errors import ServerError
from freehold.pg.refusals import from_psycopg, refusal, row_refused
from freehold.ports import Row

BLOCK_LINES = 5_000
"""Lines handed on at a time by ``receive``: enough that the calls between do not count, little enough to hold."""

_CANCEL_TIMEOUT_S = 10.0

Connection = psycopg.Connection[Row]


def send(connection: Connection, statement: bytes, blocks: Iterable[bytes]) -> int:
    """Stream ``blocks`` into a ``COPY .. FROM STDIN``; how many rows the server took."""
    try:
        with connection.cursor() as cursor:
            with cursor.copy(statement) as copy:
                for block in blocks:
                    copy.write(block)
            return cursor.rowcount
    except psycopg.Error as error:
        raise row_refused(error) from None


@contextmanager
def receive(connection: Connection, statement: bytes) -> Iterator[Iterator[list[bytes]]]:
    """The lines of a ``COPY .. TO STDOUT`` in blocks; leaving early cancels it.

    The statement is on its way when this returns, so that two servers can work at the same time."""
    server = connection.pgconn
    try:
        try:
            server.send_query(statement)
            while server.flush():
                select.select([], [server.socket], [])
        except psycopg.Error as error:
            raise from_psycopg(error) from None
        yield _lines(server)
    finally:
        if server.transaction_status == pq.TransactionStatus.ACTIVE:
            _abandon(connection)


def _lines(server: pq.abc.PGconn) -> Iterator[list[bytes]]:
    block: list[bytes] = []
    try:
        if (begun := _next_result(server)) is None or begun.status != pq.ExecStatus.COPY_OUT:
            raise _not_begun(server, begun)
        while True:
            size, data = server.get_copy_data(1)
            if size > 0:
                block.append(bytes(data[:-1]))
                if len(block) == BLOCK_LINES:
                    yield block
                    block = []
            elif size == 0:
                _listen(server)
            else:
                break
        ended = server.get_result()
        while server.get_result() is not None:
            pass
    except psycopg.Error as error:
        raise from_psycopg(error) from None
    if (refused := _refused(ended)) is not None:
        raise refused
    if block:
        yield block


def _next_result(server: pq.abc.PGconn) -> pq.abc.PGresult | None:
    while server.is_busy():
        _listen(server)
    return server.get_result()


def _not_begun(server: pq.abc.PGconn, begun: pq.abc.PGresult | None) -> Exception:
    """Why there is no COPY to read from, after reading the rest of what the server says."""
    if begun is not None and begun.status == pq.ExecStatus.COPY_IN:
        server.put_copy_end(b"nothing is sent here")
    while server.get_result() is not None:
        pass
    return _refused(begun) or ValueError("not a COPY .. TO STDOUT")


def _listen(server: pq.abc.PGconn) -> None:
    """Wait for the server where an interrupt is heard; libpq itself would wait in C."""
    select.select([server.socket], [], [])
    server.consume_input()


def _abandon(connection: Connection) -> None:
    """End a COPY that nobody reads any further; a connection that is lost by now needs no ending."""
    server = connection.pgconn
    with suppress(psycopg.Error):
        connection.cancel_safe(timeout=_CANCEL_TIMEOUT_S)
        while (result := server.get_result()) is not None:
            if result.status == pq.ExecStatus.COPY_OUT:
                while server.get_copy_data(0)[0] > 0:
                    pass


def _refused(result: pq.abc.PGresult | None) -> ServerError | None:
    """The error that ended a statement, or None."""
    if result is None or result.status not in (pq.ExecStatus.FATAL_ERROR, pq.ExecStatus.BAD_RESPONSE):
        return None
    said = {
        field: (result.error_field(field) or b"").decode(errors="replace")
        for field in (pq.DiagnosticField.SQLSTATE, pq.DiagnosticField.MESSAGE_PRIMARY)
    }
    return refusal(
        said[pq.DiagnosticField.SQLSTATE] or "08006",
        said[pq.DiagnosticField.MESSAGE_PRIMARY] or "the connection was lost",
    )
