"""Every index of TREUM is there for a query: the planner chooses it for that query, on data of some size.

``treum/SERVICE.fill.sql`` makes the data, ``treum/SERVICE.queries.sql`` holds the queries, each under a line that names
the index and says what the query is for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from support.clusters import VERSIONS
from support.examples import Case, Raised, raised

HERE = Path(__file__).parent / "treum"
SERVICES = tuple(sorted(path.name.removesuffix(".queries.sql") for path in HERE.glob("*.queries.sql")))

_ABOUT = re.compile(r"^-- (?P<index>[a-z_]+\.[a-z0-9_]+): (?P<why>.+)$", re.MULTILINE)

# an index of a partition counts as that of its table
_INDEXES = """
SELECT n.nspname || '.' || c.relname,
       EXISTS (SELECT FROM pg_constraint AS k WHERE k.conindid = c.oid)
FROM pg_class AS c
JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind IN ('i', 'I') AND n.nspname <> 'freehold' AND n.nspname !~ '^(pg_|information_schema)'
  AND NOT c.relispartition
"""
_WHOLE = """
SELECT n.nspname || '.' || whole.relname
FROM pg_class AS piece
JOIN pg_class AS whole ON whole.oid = coalesce(pg_partition_root(piece.oid), piece.oid)
JOIN pg_namespace AS n ON n.oid = whole.relnamespace
WHERE piece.relkind IN ('i', 'I') AND piece.relname = ANY (%s)
"""


@dataclass(frozen=True)
class Query:
    """A query and the index that stands for it."""

    index: str
    why: str
    sql: str


def queries(service: str) -> tuple[Query, ...]:
    text = (HERE / f"{service}.queries.sql").read_text()
    heads = list(_ABOUT.finditer(text))
    ends = [*(head.start() for head in heads[1:]), len(text)]
    return tuple(
        Query(head["index"], head["why"], text[head.end() : end].strip().removesuffix(";"))
        for head, end in zip(heads, ends, strict=True)
    )


def database(platform: Raised, service: str) -> str:
    """The service's database as the administrator, who may fill it past triggers and keys."""
    admin = platform.desk.run("url", "--admin", "main").out.strip()
    return admin.replace("/postgres?", f"/treum_{service.replace('-', '_')}?")


@pytest.fixture(
    scope="module",
    params=[pytest.param(version, marks=pytest.mark.xdist_group(f"treum-indexes-pg{version}")) for version in VERSIONS],
    ids=[f"pg{version}" for version in VERSIONS],
)
def filled(request: pytest.FixtureRequest) -> Iterator[Raised]:
    with raised("treum", Case("database-per-service", request.param), prove=False) as platform:
        for service in SERVICES:
            with psycopg.connect(database(platform, service), autocommit=True) as connection:
                connection.execute("SET session_replication_role = replica")
                connection.execute((HERE / f"{service}.fill.sql").read_bytes())
                connection.execute("VACUUM (ANALYZE)")
        yield platform


def used(connection: psycopg.Connection[tuple[object, ...]], sql: str) -> set[str]:
    """The indexes in the plan of a query, those of partitions under the name of the whole."""
    plan = connection.execute(b"EXPLAIN (FORMAT JSON) " + sql.encode()).fetchone()
    assert plan is not None
    found: list[str] = []
    todo: list[object] = [plan[0]]
    while todo:
        match todo.pop():
            case dict() as node:
                found.extend(str(value) for key, value in node.items() if key == "Index Name")
                todo.extend(node.values())
            case list() as nodes:
                todo.extend(nodes)
    return {str(name) for (name,) in connection.execute(_WHOLE, (found,))}


@pytest.mark.parametrize("service", SERVICES)
def test_every_query_uses_its_index(service: str, filled: Raised) -> None:
    problems = []
    with psycopg.connect(filled.url(service), autocommit=True) as connection:
        for query in queries(service):
            connection.execute(query.sql.encode())
            if query.index not in (seen := used(connection, query.sql)):
                plan = "\n".join(str(row[0]) for row in connection.execute(b"EXPLAIN " + query.sql.encode()))
                problems.append(f"{query.index} ({query.why}) is not among {seen or 'none'}:\n{plan}")
    assert problems == [], "\n\n".join(problems)


@pytest.mark.parametrize("service", SERVICES)
def test_every_index_has_a_query(service: str, filled: Raised) -> None:
    assert without_query(database(filled, service), queries(service)) == set()


def without_query(url: str, known: tuple[Query, ...]) -> set[str]:
    """Indexes that back no constraint and stand for no query."""
    with psycopg.connect(url, autocommit=True) as connection:
        rows = connection.execute(_INDEXES.encode()).fetchall()
    own = {str(name) for name, constraint in rows if not constraint}
    assert own
    named = {query.index for query in known}
    assert named <= {str(name) for name, _ in rows}, "a query names an index that does not exist"
    return own - named


def test_an_index_without_a_query_is_noticed(filled: Raised) -> None:
    url = database(filled, "users")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE INDEX account_created_idx ON users.account (created_at)")
        try:
            assert without_query(url, queries("users")) == {"users.account_created_idx"}
            assert without_query(url, queries("users")[1:]) == {"users.account_created_idx", queries("users")[0].index}
        finally:
            connection.execute("DROP INDEX users.account_created_idx")


def test_a_query_that_loses_its_index_is_noticed(filled: Raised) -> None:
    query = next(q for q in queries("users") if q.index == "users.session_open_idx")
    with psycopg.connect(database(filled, "users")) as connection:
        assert query.index in used(connection, query.sql)
        connection.execute("DROP INDEX users.session_open_idx")
        assert query.index not in used(connection, query.sql)
        connection.rollback()
