"""Rows on their way into a table or out of it: nothing is kept here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import psycopg
from psycopg import pq

from freehold.pg.refusals import from_psycopg, refusal, row_refused
from freehold.ports import Row

Connection = psycopg.Connection[Row]
BLOCK_BYTES = 256 * 1024
"""How much is handed on at a time: a row each time would cost more than the rows."""


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


def receive(connection: Connection, statement: bytes) -> Iterator[bytes]:
    """What a ``COPY .. TO STDOUT`` says, in blocks of whole rows. Raises ServerError; closing it early ends it."""
    server = connection.pgconn
    try:
        server.send_query(statement)
        result = server.get_result()
        if result is None or result.status != pq.ExecStatus.COPY_OUT:
            raise _refusal(result)
        held: list[bytes] = []
        size = 0
        while (got := server.get_copy_data(0))[0] > 0:
            held.append(bytes(got[1]))
            size += got[0]
            if size >= BLOCK_BYTES:
                yield b"".join(held)
                held, size = [], 0
        if held:
            yield b"".join(held)
        while (result := server.get_result()) is not None:
            if result.status != pq.ExecStatus.COMMAND_OK:
                raise _refusal(result)
    except psycopg.Error as error:
        raise from_psycopg(error) from None
    finally:
        if server.transaction_status == pq.TransactionStatus.ACTIVE:
            connection.cancel_safe(timeout=10)
            while server.get_copy_data(0)[0] > 0:
                pass
            while server.get_result() is not None:
                pass


def _refusal(result: pq.abc.PGresult | None) -> Exception:
    fields = (pq.DiagnosticField.SQLSTATE, pq.DiagnosticField.MESSAGE_PRIMARY)
    told = [((result and result.error_field(field)) or b"").decode(errors="replace") for field in fields]
    return refusal(told[0] or "08006", told[1] or "the connection was lost")
