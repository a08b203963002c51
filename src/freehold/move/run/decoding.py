"""The transactions of a home in the order of their commits, from a temporary replication slot of its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack

from freehold.errors import ServerError, Unverified
from freehold.move.model import Side
from freehold.move.names import BARRIER
from freehold.move.run import desk
from freehold.move.verify.changes import Reader, Transaction, Undecodable
from freehold.move.verify.chunks import Shape
from freehold.ports import Clock, Servers
from freehold.spec.model import TableName
from freehold.sqltext import ident, literal, quote_ident, sql

_AT_ONCE = 20_000
_WAIT_MS = 5.0
_NO_TEXT = ("22021", "22P05")
"""Bytes that are no text in the encoding of the database, or none in UTF-8."""


class Decoding:
    """Holds a slot that ends with its session. It is made with the decoder that replication itself uses, so that it is
    there wherever a service can be followed, and tells the same tables."""

    def __init__(
        self, stack: ExitStack, servers: Servers, side: Side, slot: str, publication: str, shapes: Sequence[Shape]
    ) -> None:
        self._slot, self._publication = slot, publication
        self._session = servers.replication(side.instance, side.database)
        stack.callback(self._session.close)
        desk.prepared(self._session)
        self._reader = Reader({one.table.name: one for one in shapes}, TableName(*BARRIER))

    def start(self) -> str:
        """Make the slot; the snapshot of exactly the transactions that it will not tell. It is gone as soon as
        ``read`` is called: somebody else must have taken it by then. Raises ServerError."""
        ((_, _, snapshot, _),) = self._session.query(
            sql("CREATE_REPLICATION_SLOT {} TEMPORARY LOGICAL pgoutput (SNAPSHOT 'export')", ident(self._slot))
        )
        return str(snapshot)

    def read(self, move: str, token: str, clock: Clock, timeout_ms: float) -> Iterator[list[Transaction]]:
        """What was committed since the last call, at least up to the barrier, some transactions at a time. Raises
        Unverified when the barrier is not in the stream in time."""
        began, seen = clock.monotonic_ms(), False
        while not seen:
            try:
                rows = self._session.query(
                    sql(
                        "SELECT data FROM pg_catalog.pg_logical_slot_get_binary_changes({}, NULL, {},"
                        " 'proto_version', '1', 'publication_names', {})",
                        literal(self._slot),
                        _AT_ONCE,
                        literal(quote_ident(self._publication)),
                    )
                )
                some = list(self._reader.read(bytes(data) for (data,) in rows if isinstance(data, bytes)))
            except (Undecodable, UnicodeDecodeError, ServerError) as error:
                if isinstance(error, ServerError) and error.sqlstate not in _NO_TEXT:
                    raise
                raise Unverified(
                    f"the changes of the home cannot be read: {error}",
                    hint="A database in SQL_ASCII may hold bytes that are no UTF-8; verify while nobody writes.",
                ) from None
            yield some
            seen = any((move, token) in one.barriers for one in some)
            if not rows and not seen:
                if clock.monotonic_ms() - began > timeout_ms:
                    raise Unverified(
                        "the barrier of a verification is not among the changes of its home",
                        hint=f'See that publication "{self._publication}" holds table freehold.move_barrier.',
                    )
                clock.sleep_ms(_WAIT_MS)
