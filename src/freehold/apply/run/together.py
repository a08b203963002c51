"""Takes all tables that a transaction will change before it changes any.

Who holds some tables and waits for others meets clients that came the other way round, and nobody goes on. So the
tables are taken in one statement that gives up soon, each time in another order: sooner or later it is the order in
which the clients come.
"""

from __future__ import annotations

from dataclasses import dataclass
from zlib import crc32

from freehold.errors import ServerError
from freehold.found.locks import YIELDING
from freehold.ports import Session
from freehold.spec.model import TableName
from freehold.spec.names import show_table
from freehold.sqltext import ident, join, keyword, sql

_CANCELLED, _LOCKED = "57014", "55P03"


@dataclass(frozen=True, slots=True)
class Together:
    """The ``tables`` that every transaction of a run in this database takes for itself, within so many ms or not."""

    instance: str
    database: str
    tables: tuple[TableName, ...]
    within_ms: int

    def there(self, instance: str, database: str | None) -> bool:
        """Whether they are in this database."""
        return (self.instance, self.database) == (instance, database)

    def take(self, session: Session, turn: float) -> None:
        """Lock them until the transaction ends; ``turn`` decides the order. Raises ServerError, which says that a lock
        was not given in time, when others hold one."""
        order = sorted(self.tables, key=lambda one: crc32(f"{turn} {show_table(one)}".encode()))
        listed = join(", ", [ident(one.schema, one.table) for one in order])
        session.query(YIELDING)
        session.execute(sql("SET LOCAL statement_timeout = {}", self.within_ms))
        try:
            session.execute(sql("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE", listed))
        except ServerError as error:
            if error.sqlstate != _CANCELLED:
                raise
            what = f"the {len(order)} tables were not free together within {self.within_ms} ms"
            raise ServerError(what, sqlstate=_LOCKED) from error
        session.execute(keyword("SET LOCAL statement_timeout TO DEFAULT"))
