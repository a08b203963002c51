"""Rows on their way into a table: nothing is kept here."""

from __future__ import annotations

from collections.abc import Iterable

import psycopg

from freehold.pg.refusals import row_refused
from freehold.ports import Row

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
