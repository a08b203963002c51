"""Rewrites rows of the fed side from its home, while the worker that fills it waits."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import closing

from freehold.move.model import Side
from freehold.move.run import desk
from freehold.move.verify.chunks import Shape, condition, of_keys
from freehold.move.verify.model import Key
from freehold.ports import Servers, Session
from freehold.sqltext import Sql, ident, join, keyword, sql


def rewrite(servers: Servers, home: Session, fed: Side, shape: Shape, keys: Collection[Key]) -> int:
    """Take these rows off the fed side and put there what ``home``'s snapshot shows of them; how many keys it were.

    No trigger and no foreign key is asked, as when the worker itself writes."""
    if not keys:
        return 0
    table = ident(shape.table.name.schema, shape.table.name.table)
    columns = join(", ", [ident(one.name) for one in shape.content])
    with closing(servers.admin(fed.instance, fed.database)) as session:
        desk.prepared(session)
        with session.transaction():
            session.execute(keyword("SET LOCAL session_replication_role = replica"))
            for chunk in of_keys(shape, keys):
                where = condition(chunk) or Sql(())
                session.execute(sql("DELETE FROM ONLY {} WHERE {}", table, where))
                blocks = home.copy_out(sql("COPY (SELECT {} FROM ONLY {} WHERE {}) TO STDOUT", columns, table, where))
                session.copy_in(sql("COPY {} ({}) FROM STDIN", table, columns), blocks)
    return len(keys)
