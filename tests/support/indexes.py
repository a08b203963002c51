"""Indexes and the queries that they stand for: the planner chooses each for its query, and none is without one.

``SERVICE.fill.sql`` of an example makes rows, ``SERVICE.queries.sql`` holds queries, each under a line that names its
index and says what the query is for: ``-- schema.index: why``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import psycopg

Connection = psycopg.Connection[tuple[object, ...]]

_ABOUT = re.compile(r"^-- (?P<index>[a-z_]+\.[a-z0-9_]+): (?P<why>.+)$", re.MULTILINE)

# an index of a partition counts as that of its table
_INDEXES = b"""
SELECT n.nspname || '.' || c.relname,
       EXISTS (SELECT FROM pg_constraint AS k WHERE k.conindid = c.oid)
FROM pg_class AS c
JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind IN ('i', 'I') AND n.nspname <> 'freehold' AND n.nspname !~ '^(pg_|information_schema)'
  AND NOT c.relispartition
"""
_WHOLE = b"""
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


def queries(folder: Path) -> Mapping[str, tuple[Query, ...]]:
    """The queries of each service."""
    return {
        path.name.removesuffix(".queries.sql"): tuple(_queries(path.read_text(encoding="utf-8")))
        for path in sorted(folder.glob("*.queries.sql"))
    }


def _queries(text: str) -> list[Query]:
    heads = list(_ABOUT.finditer(text))
    ends = [*(head.start() for head in heads[1:]), len(text)]
    return [
        Query(head["index"], head["why"], text[head.end() : end].strip().removesuffix(";"))
        for head, end in zip(heads, ends, strict=True)
    ]


def fill(url: str, script: Path) -> None:
    """Rows past triggers and foreign keys, as the administrator."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute(script.read_bytes())
        connection.execute("VACUUM (ANALYZE)")


def used(connection: Connection, sql: str) -> set[str]:
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


def unused(connection: Connection, known: tuple[Query, ...]) -> list[str]:
    """What is wrong with each query whose plan does without its index; a query that fails raises."""
    problems: list[str] = []
    for query in known:
        connection.execute(query.sql.encode())
        if query.index not in (seen := used(connection, query.sql)):
            plan = "\n".join(str(row[0]) for row in connection.execute(b"EXPLAIN " + query.sql.encode()))
            problems.append(f"{query.index} ({query.why}) is not among {seen or 'none'}:\n{plan}")
    return problems


def without_query(connection: Connection, known: tuple[Query, ...]) -> set[str]:
    """Indexes that back no constraint and stand for no query."""
    rows = connection.execute(_INDEXES).fetchall()
    own = {str(name) for name, constraint in rows if not constraint}
    assert own or not known
    named = {query.index for query in known}
    assert named <= {str(name) for name, _ in rows}, "a query names an index that does not exist"
    return own - named
