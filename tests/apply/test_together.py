"""Tables are taken all at once or not at all, each time in another order."""

from __future__ import annotations

import pytest

from freehold.apply.run.together import Together
from freehold.errors import ServerError
from freehold.spec.model import TableName
from freehold.sqltext import keyword
from support.clusters import TidyServers

TABLES = tuple(TableName("public", name) for name in ("a", 'b"c', "d d"))
MAKE = keyword('CREATE TABLE public.a (); CREATE TABLE public."b""c" (); CREATE TABLE public."d d" ()')
HELD = keyword("SELECT count(*) FROM pg_catalog.pg_locks WHERE mode = 'AccessExclusiveLock' AND relation > 16383")


@pytest.mark.real
def test_who_is_in_the_way_of_one_is_in_the_way_of_all(servers: TidyServers) -> None:
    mine, other = servers.admin("main"), servers.admin("main")
    mine.execute(MAKE)
    taken = Together("main", "postgres", TABLES, 100)
    with other.transaction():
        other.execute(keyword('LOCK TABLE public."d d" IN ACCESS SHARE MODE'))
        with (
            pytest.raises(ServerError, match="the 3 tables were not free together within 100 ms") as refused,
            mine.transaction(),
        ):
            taken.take(mine, 1.0)
        assert refused.value.sqlstate == "55P03"
        assert other.query(HELD) == [(0,)]
    with mine.transaction():
        before = mine.query(keyword("SHOW statement_timeout"))
        taken.take(mine, 1.0)
        assert other.query(HELD) == [(3,)]
        assert mine.query(keyword("SHOW statement_timeout")) == before


def test_the_order_is_not_always_the_same() -> None:
    class Heard:
        def __init__(self) -> None:
            self.said: list[str] = []

        def execute(self, sql: object) -> None:
            self.said.append(str(sql))

        query = execute

    heard = Heard()
    for turn in range(40):
        Together("main", "postgres", TABLES, 100).take(heard, float(turn))  # type: ignore[arg-type]  # hears only
    assert len({one for one in heard.said if "LOCK TABLE" in one}) == 6
