"""Every index of the database service is there for a query: chosen under its policies, for one of two companies."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from support.clusters import VERSIONS
from support.examples import SOAK
from support.indexes import Query, fill, queries, unused, used, without_query
from support.rules import Logins, logins
from support.tenancy import SCHEMAS, pads, token

TRIED = VERSIONS if SOAK else VERSIONS[:1]
HERE = Path(__file__).parent / "tenants"


def known() -> Mapping[str, tuple[Query, ...]]:
    """The queries of each service; the two companies run the same files."""
    found = dict(queries(HERE))
    found["company-xyz"] = tuple(
        replace(one, index=one.index.replace("abc", "xyz"), sql=one.sql.replace("company_abc", "company_xyz"))
        for one in found["company-abc"]
    )
    return found


QUERIES = known()


@pytest.fixture(
    scope="module",
    params=[pytest.param(version, marks=pytest.mark.xdist_group(f"tenants-indexes-{version}")) for version in TRIED],
    ids=[f"pg{version}" for version in TRIED],
)
def filled(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Logins]:
    folder = tmp_path_factory.mktemp("fill")
    with logins("tenants", "database-per-service", request.param) as found:
        for service in QUERIES:
            script = (HERE / f"{service.replace('xyz', 'abc')}.fill.sql").read_text(encoding="utf-8")
            path = folder / f"{service}.sql"
            path.write_text(script if service in SCHEMAS else script.replace("abc", service.removeprefix("company-")))
            fill(found.admin_url(service), path)
        for service, schema in SCHEMAS.items():
            with psycopg.connect(found.admin_url(service)) as admin:
                admin.execute(f"INSERT INTO {schema}.tenant_key VALUES (1, %s, %s)".encode(), pads())
        yield found


def test_every_query_uses_its_index(filled: Logins) -> None:
    problems: list[str] = []
    for service, some in QUERIES.items():
        with filled.trial(service) as connection:
            if service in SCHEMAS:
                context = token("abc", "*", filled.user(service))
                connection.execute("SELECT set_config('app.tenant_context', %s, true)", (context,))
            problems += unused(connection, some)
            for query in some:
                assert connection.execute(query.sql.encode()).fetchone() is not None, query
    assert problems == [], "\n\n".join(problems)


def test_every_index_has_a_query(filled: Logins) -> None:
    # all indexes of risk-management are those of its keys
    assert {*QUERIES, "risk-management"} == {*SCHEMAS, "company-abc", "company-xyz"}
    for service in (*QUERIES, "risk-management"):
        with filled.admin(service) as connection:
            assert without_query(connection, QUERIES.get(service, ())) == set()


def test_an_index_without_a_query_is_noticed(filled: Logins) -> None:
    with filled.admin("ml-processing") as connection:
        connection.execute("CREATE INDEX trading_patterns_made_idx ON ml.trading_patterns (created_at)")
        assert without_query(connection, QUERIES["ml-processing"]) == {"ml.trading_patterns_made_idx"}


def test_a_query_that_loses_its_index_is_noticed(filled: Logins) -> None:
    query = next(query for query in QUERIES["trading-engine"] if query.index == "trading.executions_account_idx")
    user = filled.user("trading-engine")
    with filled.admin("trading-engine") as connection:
        for there in (True, False):
            # policies bind the login, not the administrator
            connection.execute(psycopg.sql.SQL("SET SESSION AUTHORIZATION {}").format(psycopg.sql.Identifier(user)))
            connection.execute("SELECT set_config('app.tenant_context', %s, true)", (token("abc", "*", user),))
            assert (query.index in used(connection, query.sql)) is there
            assert (unused(connection, (query,)) == []) is there
            connection.execute("RESET SESSION AUTHORIZATION")
            connection.execute("DROP INDEX IF EXISTS trading.executions_account_idx")
