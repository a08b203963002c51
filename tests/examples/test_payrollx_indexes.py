"""Every index of PayrollX is there for a query: the planner chooses it for that query, on data of some size."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.clusters import VERSIONS
from support.examples import SOAK
from support.indexes import fill, queries, unused, used, without_query
from support.rules import Logins, logins

TRIED = VERSIONS if SOAK else VERSIONS[:1]
HERE = Path(__file__).parent / "payrollx"
QUERIES = queries(HERE)


@pytest.fixture(
    scope="module",
    params=[pytest.param(version, marks=pytest.mark.xdist_group(f"payrollx-indexes-{version}")) for version in TRIED],
    ids=[f"pg{version}" for version in TRIED],
)
def filled(request: pytest.FixtureRequest) -> Iterator[Logins]:
    with logins("payrollx", "database-per-service", request.param) as found:
        for service in QUERIES:
            fill(found.admin_url(service), HERE / f"{service}.fill.sql")
        yield found


def test_every_query_uses_its_index(filled: Logins) -> None:
    problems: list[str] = []
    for service, known in QUERIES.items():
        with filled.trial(service) as connection:
            problems += unused(connection, known)
    assert problems == [], "\n\n".join(problems)


def test_every_index_has_a_query(filled: Logins) -> None:
    assert len(QUERIES) == 8
    for service, known in QUERIES.items():
        with filled.admin(service) as connection:
            assert without_query(connection, known) == set()


def test_an_index_without_a_query_is_noticed(filled: Logins) -> None:
    with filled.admin("auth") as connection:
        connection.execute("CREATE INDEX users_made_idx ON auth.users (created_at)")
        assert without_query(connection, QUERIES["auth"]) == {"auth.users_made_idx"}


def test_a_query_that_loses_its_index_is_noticed(filled: Logins) -> None:
    query = next(query for query in QUERIES["auth"] if query.index == "auth.users_email_key")
    with filled.admin("auth") as connection:
        assert query.index in used(connection, query.sql)
        connection.execute("DROP INDEX auth.users_email_key")
        assert query.index not in used(connection, query.sql)
        assert unused(connection, (query,)) != []
