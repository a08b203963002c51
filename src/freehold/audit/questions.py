"""What an audit asks the servers of one reference. Nothing is written, and nothing locked but ACCESS SHARE."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from freehold.audit.keys import Part, key_column, rows
from freehold.audit.model import Key, Link
from freehold.spec.model import TableName
from freehold.sqltext import Sql, ident, join, keyword, literal, sql

ALL_OR_NOTHING = keyword("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")

FIX_SNAPSHOT = keyword("SELECT pg_catalog.pg_current_snapshot()::pg_catalog.text")
"""The first statement of a transaction, so that what it sees is settled before the other side begins."""


_SORT_IN_MEMORY = keyword(
    "SELECT pg_catalog.set_config('work_mem', greatest(s.setting::pg_catalog.int4, 65536) || 'kB', false)"
    " FROM pg_catalog.pg_settings AS s WHERE s.name = 'work_mem'"
)
"""One sort at a time is done in each session, so it may have 64 MB where the server's own setting is smaller."""


def settings(version: int, timeout_ms: int) -> tuple[Sql, ...]:
    """What a session of an audit sets: how values are written, how long a statement may take (0: no limit), and that
    views, foreign tables and policies, which could run code of a service in our session, are refused."""
    found = [
        keyword("SET default_transaction_read_only = on"),
        keyword("SET row_security = off"),
        keyword("SET \"DateStyle\" = 'ISO, YMD'"),
        keyword("SET \"TimeZone\" = 'UTC'"),
        keyword("SET extra_float_digits = 1"),
        keyword("SET jit = off"),
        _SORT_IN_MEMORY,
        keyword("SET idle_in_transaction_session_timeout = 0"),
        sql("SET statement_timeout = {}", timeout_ms),
    ]
    major, minor = divmod(version, 10000)
    if minor >= {15: 8, 16: 4}.get(major, 0):
        found.append(keyword("SET restrict_nonsystem_relation_kind = 'view, foreign-table'"))
    if major >= 17:
        found.append(keyword("SET transaction_timeout = 0"))
    return tuple(found)


NOTICE_A_DEAD_CLIENT = keyword("SET client_connection_check_interval = '5s'")
"""Ends a sort of an hour when whoever asked for it is gone; not every platform can."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """A reference whose columns can be compared, and how."""

    link: Link
    child: tuple[Part, ...]
    parent: tuple[Part, ...]

    def child_keys(self) -> Sql:
        """Each key of the child once, in order. A key with a NULL refers to nothing (MATCH SIMPLE)."""
        return _stream(keyword("DISTINCT "), self.link.child.table, self.child)

    def parent_keys(self) -> Sql:
        """The keys of the parent, in the same order."""
        return _stream(keyword(""), self.link.parent.table, self.parent)

    def inside(self) -> Sql:
        """Orphans, and how many rows have each, where both tables are in one database: one snapshot, one statement."""
        pairs = [
            parent.kind.same(_of("p", parent), parent.column, _of("c", child))
            for child, parent in zip(self.child, self.parent, strict=True)
        ]
        written = [part.kind.written(_of("c", part), part.column) for part in self.child]
        return sql(
            "SELECT {}, pg_catalog.count(*) FROM {} AS c WHERE {} AND NOT EXISTS (SELECT FROM {} AS p WHERE {})"
            " GROUP BY {} ORDER BY {}",
            join(", ", written),
            _table(self.link.child.table),
            _filled("c", self.child),
            _table(self.link.parent.table),
            join(" AND ", pairs),
            *[_places(len(self.child))] * 2,
        )

    def holders(self, keys: Sequence[Key]) -> Sql:
        """For each key that rows of the child still have: one of them (the oldest) by its identity, and how many."""
        return sql(
            "SELECT DISTINCT ON (k.n) k.n, c.tableoid::pg_catalog.int8, c.ctid::pg_catalog.text,"
            " c.xmin::pg_catalog.text, pg_catalog.count(*) OVER (PARTITION BY k.n)"
            " FROM {} JOIN {} AS c ON {} AND {} ORDER BY k.n, pg_catalog.age(c.xmin) DESC, c.tableoid, c.ctid",
            rows(self.child, keys),
            _table(self.link.child.table),
            _each(self.child, "c", Part.same),
            _each(self.child, "c", Part.spelled),
        )

    def still(self, places: Sequence[str]) -> Sql:
        """The identities of the rows that now are at these places (ctid) of the child."""
        return sql(
            "SELECT c.tableoid::pg_catalog.int8, c.ctid::pg_catalog.text, c.xmin::pg_catalog.text FROM {} AS c"
            " WHERE c.ctid = ANY ({}::pg_catalog.tid[])",
            _table(self.link.child.table),
            literal("{" + ",".join(f'"{place}"' for place in places) + "}"),
        )

    def parents(self, keys: Sequence[Key]) -> Sql:
        """The numbers of those keys that a row of the parent has, by the parent's own equality."""
        return sql(
            "SELECT k.n FROM {} WHERE EXISTS (SELECT FROM {} AS p WHERE {})",
            rows(self.parent, keys),
            _table(self.link.parent.table),
            _each(self.parent, "p", Part.same),
        )


def _stream(distinct: Sql, table: TableName, parts: Sequence[Part]) -> Sql:
    return sql(
        "SELECT {}{} FROM {} AS t WHERE {} ORDER BY {}",
        distinct,
        join(", ", [part.written(_of("t", part)) for part in parts]),
        _table(table),
        _filled("t", parts),
        _places(len(parts)),
    )


def _table(table: TableName) -> Sql:
    return ident(table.schema, table.table)


def _of(alias: str, part: Part) -> Sql:
    return ident(alias, part.column.name)


def _filled(alias: str, parts: Sequence[Part]) -> Sql:
    return join(" AND ", [sql("{} IS NOT NULL", _of(alias, part)) for part in parts])


def _places(count: int) -> Sql:
    return join(", ", [sql("{}", at) for at in range(1, count + 1)])


def _each(parts: Sequence[Part], alias: str, says: Callable[[Part, Sql, Sql], Sql]) -> Sql:
    return join(" AND ", [says(part, _of(alias, part), key_column(at)) for at, part in enumerate(parts)])
