"""Keys of a time series that its migrations leave without the time column: found in the SQL, before anything runs."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from freehold.spec.model import Service, TableName
from freehold.sqldepth import tree_of
from freehold.sqltext import ident, join, keyword, sql

if TYPE_CHECKING:
    import postgast


@dataclass(frozen=True, slots=True)
class Key:
    """A key that PostgreSQL cannot keep across partitions: where it stands, and the statement that mends it."""

    file: str
    line: int
    table: TableName
    name: str
    columns: tuple[str, ...]
    missing: str
    remedy: str


@dataclass(frozen=True, slots=True)
class _Known:
    file: str
    line: int
    kind: str
    columns: tuple[str, ...]


def keys_without_time(service: Service, files: Iterable[tuple[str, str]]) -> tuple[Key, ...]:
    """Every such key that is left after all ``files`` (name, SQL) have run, in order. A file that PostgreSQL's parser
    does not take is passed over: then the apply says it."""
    series = {one.table: one for one in service.timeseries}
    if not series:
        return ()
    keys: dict[tuple[TableName, str], _Known] = {}
    for file, text in files:
        for line, kind, table, name, columns in _changes(service, text):
            if kind == "drop index":
                keys = {place: known for place, known in keys.items() if place[1] != name}
            elif kind == "drop":
                keys.pop((table, name), None)
            elif table in series:
                keys[table, name] = _Known(file, line, kind, columns)
    found: list[Key] = []
    for (table, name), known in keys.items():
        one = series[table]
        for column in (one.column, *((one.space.column,) if one.space else ())):
            if column not in known.columns:
                remedy = _remedy(table, name, known, column)
                found.append(Key(known.file, known.line, table, name, known.columns, column, remedy))
    return tuple(found)


def _remedy(table: TableName, name: str, known: _Known, column: str) -> str:
    if known.kind == "INDEX":
        return f"Write {ident(column)} among its columns."
    columns = join(", ", (ident(one) for one in (*known.columns, column)))
    whole = sql("CONSTRAINT {} {} ({})", ident(name), _WORDS[known.kind], columns)
    return (
        f"Write {whole}; or in a new migration: "
        + sql("ALTER TABLE {} DROP CONSTRAINT {}, ADD {}", ident(table.schema, table.table), ident(name), whole).shown()
    )


_WORDS = {"PRIMARY": keyword("PRIMARY KEY"), "UNIQUE": keyword("UNIQUE")}

_Change = tuple[int, str, TableName, str, tuple[str, ...]]


def _changes(service: Service, text: str) -> Iterator[_Change]:
    """(line, what, table, name, columns) of everything in the SQL that makes or drops a key."""
    import postgast  # a fifth of a second, and only those who declare a time series pay it

    try:
        statements = tree_of(text).stmts
    except (postgast.PgQueryError, UnicodeError, ValueError, RecursionError):
        return
    starts = [0, *(match.end() for match in re.finditer(b"\n", text.encode()))]
    first = service.schemas[0] if service.schemas else "public"

    def table_of(relation: postgast.Node) -> TableName:
        return TableName(relation.schemaname or first, relation.relname)

    for raw in statements:
        kind = raw.stmt.WhichOneof("node")
        node: postgast.Node = getattr(raw.stmt, kind) if kind else raw.stmt

        def line(place: int, before: int = raw.stmt_location) -> int:
            return bisect_right(starts, place or before)  # places count bytes, from 0

        if kind == "create_stmt":
            table = table_of(node.relation)
            for element in node.table_elts:
                yield from _element(element, table, line)
        elif kind == "alter_table_stmt":
            table = table_of(node.relation)
            for command in (one.alter_table_cmd for one in node.cmds):
                if command.name and not command.HasField("def"):
                    yield line(0), "drop", table, command.name, ()
                elif command.HasField("def"):
                    yield from _element(getattr(command, "def"), table, line)
        elif kind == "index_stmt" and node.unique:
            columns = tuple(one.index_elem.name for one in node.index_params)
            name = node.idxname or f"{node.relation.relname}_{'_'.join(columns)}_idx"
            yield line(node.relation.location), "INDEX", table_of(node.relation), name, columns
        elif kind == "drop_stmt":
            for dropped in node.objects:
                names = [item.string.sval for item in dropped.list.items]
                yield line(0), "drop index", TableName(first, ""), names[-1] if names else "", ()


def _element(element: postgast.Node, table: TableName, line: Callable[[int], int]) -> Iterator[_Change]:
    """The keys that a column or a constraint of a table makes."""
    kind = element.WhichOneof("node")
    if kind == "column_def":
        for item in element.column_def.constraints:
            yield from _constraint(item.constraint, table, (element.column_def.colname,), line)
    elif kind == "constraint":
        names = tuple(key.string.sval for key in element.constraint.keys)
        yield from _constraint(element.constraint, table, names, line)


def _constraint(
    node: postgast.Node, table: TableName, columns: tuple[str, ...], line: Callable[[int], int]
) -> Iterator[_Change]:
    kind = node.DESCRIPTOR.fields_by_name["contype"].enum_type.values_by_number[node.contype].name
    # the names that PostgreSQL gives to a constraint without one
    if kind == "CONSTR_PRIMARY":
        yield line(node.location), "PRIMARY", table, node.conname or f"{table.table}_pkey", columns
    elif kind == "CONSTR_UNIQUE":
        yield line(node.location), "UNIQUE", table, node.conname or f"{table.table}_{'_'.join(columns)}_key", columns
