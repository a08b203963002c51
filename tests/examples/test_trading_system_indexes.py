"""Every index of the trading system is there for a query: the planner chooses it, on data of some size."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.clusters import VERSIONS
from support.examples import SOAK
from support.indexes import fill, queries, unused, used, without_query
from support.rules import Logins, logins

TRIED = VERSIONS if SOAK else VERSIONS[:1]
HERE = Path(__file__).parent / "trading-system"
QUERIES = queries(HERE)
ALL = {"notification": "SELECT set_config('app.account_id', '*', true)"}
"""Whom a session of a service with row security works for."""


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(version, marks=pytest.mark.xdist_group(f"trading-system-indexes-{version}")) for version in TRIED
    ],
    ids=[f"pg{version}" for version in TRIED],
)
def filled(request: pytest.FixtureRequest) -> Iterator[Logins]:
    with logins("trading-system", "database-per-service", request.param) as found:
        for service in QUERIES:
            fill(found.admin_url(service), HERE / f"{service}.fill.sql")
        yield found


def test_every_query_uses_its_index(filled: Logins) -> None:
    problems: list[str] = []
    for service, known in QUERIES.items():
        with filled.trial(service) as connection:
            if service in ALL:
                connection.execute(ALL[service].encode())
            problems += unused(connection, known)
    assert problems == [], "\n\n".join(problems)


def test_every_index_has_a_query(filled: Logins) -> None:
    assert len(QUERIES) == 8
    for service, known in QUERIES.items():
        with filled.admin(service) as connection:
            assert without_query(connection, known) == set()


def test_an_index_without_a_query_is_noticed(filled: Logins) -> None:
    with filled.admin("analytics") as connection:
        connection.execute("CREATE INDEX reports_made_idx ON analytics.reports (made_at)")
        assert without_query(connection, QUERIES["analytics"]) == {"analytics.reports_made_idx"}


def test_a_query_that_loses_its_index_is_noticed(filled: Logins) -> None:
    query = next(query for query in QUERIES["execution"] if query.index == "execution.trades_order_idx")
    with filled.admin("execution") as connection:
        assert query.index in used(connection, query.sql)
        connection.execute("DROP INDEX execution.trades_order_idx")
        assert query.index not in used(connection, query.sql)
        assert unused(connection, (query,)) != []
