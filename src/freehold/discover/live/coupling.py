"""The graph of what tables have to do with each other, every edge with its evidence.

| tie | seen in | weight |
|---|---|---|
| key | a foreign key | 3, divided by how many tables refer to the same one; undivided for rows that are parts |
| view | a view or materialized view that reads both tables | 2 |
| function | a statement inside a function that touches both, or a trigger's table and what its function touches | 2 |
| statement | a statement of pg_stat_statements that touches both | 1 to 3, by how often it was called |
| name | two tables whose names begin with the same word, which few others share | 1 |
| rule, policy, default | a rule, a policy, a default that draws from another table's sequence | 2 |
| schema | two tables of the same schema, where there are several schemas of services | 2 |
| owner | two tables of the same owner, where tables have several owners | 1 |

A tie that binds many things at once says little of each: weights of views, functions and statements are divided by the
number of tables they touch less one. A foreign key to a table that everybody refers to (users, accounts) says that it
is used by all, not that all are one service; hence the division.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import combinations

from freehold.discover.live.model import LiveContents, LiveServer, Routine
from freehold.discover.live.resolve import Resolver, resolver, search_path
from freehold.discover.live.statements import Touched, touched
from freehold.spec.names import show_table
from freehold.spec.tables import TableName
from freehold.sqlbodies import pieces_of
from freehold.sqltext import ident


class Tie(StrEnum):
    """Why two tables have to do with each other."""

    KEY = "key"
    VIEW = "view"
    FUNCTION = "function"
    STATEMENT = "statement"
    POLICY = "policy"
    RULE = "rule"
    DEFAULT = "default"
    NAME = "name"
    SCHEMA = "schema"
    OWNER = "owner"


HARD = frozenset({Tie.KEY, Tie.VIEW, Tie.FUNCTION, Tie.STATEMENT, Tie.POLICY, Tie.RULE, Tie.DEFAULT})
"""Ties that break when the two tables live in different databases. The others only hint at who belongs together."""

TABLES = frozenset({"TABLE", "PARTITIONED TABLE"})
"""What somebody owns; a foreign table is a window to a table of another database."""
PART = 3.0
CROWD = 24
"""A statement that touches more tables than this (a dump, a report over everything) says nothing about pairs."""


@dataclass(frozen=True, slots=True, order=True)
class Edge:
    """One reason for which two tables belong together; ``a`` sorts before ``b``. ``calls`` is for statements."""

    a: TableName
    b: TableName
    tie: Tie
    weight: float
    evidence: str
    calls: int = 0


@dataclass(frozen=True, slots=True)
class Graph:
    """The tables of one database and their ties, sorted. ``unparsed`` counts bodies and statements that could not be
    read, ``dynamic`` statements that are built at run time: there may be ties that nobody sees."""

    database: str
    tables: tuple[TableName, ...]
    edges: tuple[Edge, ...]
    unparsed: int = 0
    dynamic: int = 0


def graph(server: LiveServer, database: str, contents: LiveContents, *, spaces: bool = True) -> Graph:
    """The graph of one database; without ``spaces`` schemas and owners are left out of account."""
    tables = tuple(table.name for table in contents.tables if table.kind in TABLES)
    known = frozenset(tables)
    names = resolver(contents)
    views = _views(contents, known)
    bodies, unparsed, dynamic = _bodies(contents, names, views)
    asked, unread = _statements(server, database, names, views)
    edges = [*_keys(contents, known), *_view_edges(views), *_needs(contents, known), *bodies, *asked, *_names(tables)]
    if spaces:
        edges += _spaces(contents, known)
    return Graph(database, tables, tuple(sorted(edges)), unparsed + unread, dynamic)


def _edge(one: TableName, other: TableName, tie: Tie, weight: float, evidence: str, calls: int = 0) -> Edge:
    a, b = sorted((one, other))
    return Edge(a, b, tie, round(weight, 6), evidence, calls)


def _keys(contents: LiveContents, known: frozenset[TableName]) -> Iterator[Edge]:
    keys = [
        (contents.parts.get(key.table, key.table), contents.parts.get(key.to_table, key.to_table), key)
        for key in contents.keys
    ]
    referring: dict[TableName, set[TableName]] = {}
    for table, to_table, _ in keys:
        if table != to_table:
            referring.setdefault(to_table, set()).add(table)
    for table, to_table, key in keys:
        if table != to_table and {table, to_table} <= known:
            columns = ", ".join(ident(column).shown() for column in key.columns)
            text = f"foreign key {ident(key.name)}: {show_table(table)} ({columns}) refers to {show_table(to_table)}"
            weight = PART if key.part else 3 / len(referring[to_table])
            yield _edge(table, to_table, Tie.KEY, weight, text + (", as a part of it" if key.part else ""))


def _views(contents: LiveContents, known: frozenset[TableName]) -> Mapping[TableName, tuple[TableName, ...]]:
    """Each view with the tables under it, through other views."""
    direct: dict[TableName, set[TableName]] = {}
    for need in contents.dependencies:
        if need.kind in ("VIEW", "MATERIALIZED VIEW"):
            direct.setdefault(need.of, set()).add(need.on)

    def below(view: TableName, seen: set[TableName]) -> set[TableName]:
        if view in seen:
            return set()
        seen.add(view)
        found: set[TableName] = set()
        for on in direct.get(view, ()):
            found |= {on} if on in known else below(on, seen)
        return found

    return {view: tuple(sorted(below(view, set()))) for view in sorted(direct)}


def _view_edges(views: Mapping[TableName, tuple[TableName, ...]]) -> Iterator[Edge]:
    for view, tables in views.items():
        yield from _together(tables, Tie.VIEW, 2, f"view {show_table(view)}")


def _needs(contents: LiveContents, known: frozenset[TableName]) -> Iterator[Edge]:
    ties = {"POLICY": Tie.POLICY, "RULE": Tie.RULE, "DEFAULT": Tie.DEFAULT}
    for need in contents.dependencies:
        if need.kind in ties and {need.of, need.on} <= known and need.of != need.on:
            what = "sequence" if need.kind == "DEFAULT" else need.kind.lower()
            yield _edge(need.of, need.on, ties[need.kind], 2, f"{what} {ident(need.name)} of {show_table(need.of)}")


def _bodies(
    contents: LiveContents, names: Resolver, views: Mapping[TableName, tuple[TableName, ...]]
) -> tuple[list[Edge], int, int]:
    edges: list[Edge] = []
    unparsed = dynamic = 0
    by_catalog: dict[tuple[str, str], set[TableName]] = {}
    for need in contents.dependencies:
        if need.kind == "FUNCTION":
            by_catalog.setdefault((need.of.schema, need.of.table), set()).update(views.get(need.on, (need.on,)))
    for routine in contents.routines:
        found, failed, built = _routine(routine)
        unparsed += failed
        dynamic += built
        text = f"function {ident(routine.schema, routine.name)}"
        touches = set(by_catalog.get((routine.schema, routine.name), ()))
        if touches:
            edges += _together(sorted(touches), Tie.FUNCTION, 2, text)
        path = routine.search_path or (routine.schema, "public")
        for statement in found:
            tables = _tables(statement, names, views, path)
            touches |= set(tables)
            edges += _together(tables, Tie.FUNCTION, 2, text)
        for fired in routine.triggers:
            root = contents.parts.get(fired, fired)
            for other in sorted(touches - {root}):
                if root in names.tables:
                    edges.append(
                        _edge(root, other, Tie.FUNCTION, 2 / len(touches), f"trigger {text} on {show_table(root)}")
                    )
    return sorted(set(edges)), unparsed, dynamic


def _routine(routine: Routine) -> tuple[tuple[Touched, ...], int, int]:
    if not routine.body:
        return (), 0, 0
    if routine.language == "sql":
        found = touched(routine.body)
        return (found or (), 0 if found is not None else 1, 0)
    body = pieces_of(routine.body)
    parsed = [touched(piece) for piece in body.pieces]
    failed = sum(one is None for one in parsed) + (0 if body.readable else 1)
    return tuple(item for one in parsed if one is not None for item in one), failed, body.dynamic


def _statements(
    server: LiveServer, database: str, names: Resolver, views: Mapping[TableName, tuple[TableName, ...]]
) -> tuple[list[Edge], int]:
    calls: dict[tuple[TableName, ...], tuple[int, str]] = {}
    unread = 0
    for statement in server.statements or ():
        if statement.database != database:
            continue
        found = touched(statement.text)
        if found is None:
            unread += 1
            continue
        path = search_path(server.server, database, statement.login)
        for one in found:
            tables = _tables(one, names, views, path)
            if len(tables) > 1:
                many, text = calls.get(tables, (0, ""))
                shown = " ".join(statement.text.split())
                calls[tables] = (many + statement.calls, min(filter(None, (text, shown)), key=lambda t: (len(t), t)))
    edges: list[Edge] = []
    for tables, (many, text) in calls.items():
        weight = 1 + min(2.0, math.log10(max(many, 1)) / 2)
        shown = text if len(text) <= 160 else text[:159] + "…"
        edges += _together(tables, Tie.STATEMENT, weight, f"{many} calls: {shown}", many)
    return edges, unread


def _tables(
    statement: Touched, names: Resolver, views: Mapping[TableName, tuple[TableName, ...]], path: Iterable[str]
) -> tuple[TableName, ...]:
    found: set[TableName] = set()
    for name in statement.every:
        table = names.table(name, tuple(path))
        if table is not None:
            found |= set(views.get(table, (table,)))
    return tuple(sorted(found))


def _together(tables: Iterable[TableName], tie: Tie, weight: float, evidence: str, calls: int = 0) -> list[Edge]:
    distinct = sorted(set(tables))
    if len(distinct) > CROWD:
        return []
    return [_edge(a, b, tie, weight / (len(distinct) - 1), evidence, calls) for a, b in combinations(distinct, 2)]


_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[^\W_A-Z\d]+|\d+")


def words_of(name: str) -> tuple[str, ...]:
    """The words of a table's name in lower case, a plural s cut off: ``payrollRuns`` and ``payroll_run`` are alike."""
    found = [word.lower() for word in _WORD.findall(name)]
    return tuple(
        word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word for word in found
    )


def _names(tables: tuple[TableName, ...]) -> Iterator[Edge]:
    groups: dict[str, list[TableName]] = {}
    for table in tables:
        if words := words_of(table.table):
            groups.setdefault(words[0], []).append(table)
    for word, members in groups.items():
        if 1 < len(members) <= CROWD and len(word) > 2:
            for a, b in combinations(members, 2):
                yield _edge(a, b, Tie.NAME, 1.0, f'both names begin with "{word}"')


def _spaces(contents: LiveContents, known: frozenset[TableName]) -> Iterator[Edge]:
    """Ties by schema and by owner; each member is tied to the first of its group, so that n members cost n edges."""
    schemas: dict[str, list[TableName]] = {}
    owners: dict[str, list[TableName]] = {}
    for table in contents.tables:
        if table.name in known:
            schemas.setdefault(table.name.schema, []).append(table.name)
            owners.setdefault(table.owner, []).append(table.name)
    for groups, tie, weight, said in ((schemas, Tie.SCHEMA, 2.0, "schema"), (owners, Tie.OWNER, 1.0, "owner")):
        if len(groups) < 2:
            continue
        for name, members in sorted(groups.items()):
            # public is where everything lands that nobody placed
            if tie is Tie.SCHEMA and name == "public":
                continue
            for member in members[1:]:
                yield _edge(members[0], member, tie, weight, f"the same {said} {ident(name)}")
