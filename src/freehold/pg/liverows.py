"""The rows of a live reading as the nouns of ``discover.live``."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

from freehold.discover.live.model import (
    Dependency,
    Key,
    LiveContents,
    LiveTable,
    Routine,
    Seen,
    Statement,
)
from freehold.pg.acl import acl
from freehold.pg.rows import Json, mapping, rows, strings, values
from freehold.spec.tables import TableName

Look = Sequence[Sequence[Json]]


def contents_of(value: Json) -> LiveContents:
    """The inside of one database, every list sorted; partitions are added up into the table they are parts of."""
    got = mapping(value)
    parents = {_table(row[0], row[1]): _table(row[2], row[3]) for row in rows(got["parts"])}
    parts = {part: _root(part, parents) for part in sorted(parents)}
    spaces = sorted(rows(got["schemas"]), key=lambda row: str(row[0]))
    return LiveContents(
        schemas=MappingProxyType({str(row[0]): str(row[1]) for row in spaces}),
        schema_acls=MappingProxyType({str(row[0]): acl(strings(row[2])) for row in spaces}),
        extensions=MappingProxyType(
            {str(name): str(version) for name, version in sorted(rows(got["extensions"]), key=str)}
        ),
        tables=_tables((_relation(row) for row in rows(got["tables"])), parts),
        keys=tuple(sorted((_key(row) for row in rows(got["keys"])), key=lambda key: (key.table, key.name))),
        dependencies=tuple(sorted({_need(row, parts) for row in rows(got["needs"])})),
        routines=tuple(
            sorted((_routine(row) for row in rows(got["routines"])), key=lambda one: (one.schema, one.name, one.body))
        ),
        parts=MappingProxyType(parts),
    )


def seen_of(looks: Sequence[Look]) -> tuple[Seen, ...]:
    """The looks at pg_stat_activity added up: one entry for each kind of client."""
    found: dict[tuple[str, str, str, str | None], tuple[int, int, int]] = {}
    for look in looks:
        for row in look:
            who = (str(row[0]), str(row[1]), str(row[2]), None if row[3] is None else str(row[3]))
            samples, most, active = found.get(who, (0, 0, 0))
            found[who] = (samples + 1, max(most, _int(row[4])), active + (1 if _int(row[5]) else 0))
    return tuple(
        Seen(*who, *found[who]) for who in sorted(found, key=lambda who: (*who[:3], who[3] is None, who[3] or ""))
    )


def statements_of(lines: Iterable[Sequence[object]]) -> tuple[tuple[Statement, ...], int]:
    """The statements whose text was shown, and how many were hidden from this login."""
    found: list[Statement] = []
    hidden = 0
    for database, login, text, calls in lines:
        if text is None or text == "<insufficient privilege>":
            hidden += 1
        else:
            found.append(Statement(str(database), str(login), str(text), int(str(calls))))
    return tuple(sorted(found, key=lambda one: (one.database, one.login, one.text, one.calls))), hidden


def _tables(found: Iterable[LiveTable], parts: Mapping[TableName, TableName]) -> tuple[LiveTable, ...]:
    whole: dict[TableName, LiveTable] = {}
    pieces: dict[TableName, list[LiveTable]] = {}
    for table in found:
        root = parts.get(table.name)
        if root is None:
            whole[table.name] = table
        else:
            pieces.setdefault(root, []).append(table)
    return tuple(_whole(whole[name], pieces.get(name, [])) for name in sorted(whole))


def _whole(table: LiveTable, pieces: Sequence[LiveTable]) -> LiveTable:
    if not pieces:
        return table
    known = [one.rows for one in (table, *pieces) if one.rows is not None]
    # a partitioned table has an estimate of its own, which already counts its partitions
    partitioned = table.kind == "PARTITIONED TABLE" and table.rows is not None
    return LiveTable(
        name=table.name,
        kind=table.kind,
        owner=table.owner,
        bytes=table.bytes + sum(one.bytes for one in pieces),
        rows=table.rows if partitioned else (sum(known) if known else None),
        reads=table.reads + sum(one.reads for one in pieces),
        writes=table.writes + sum(one.writes for one in pieces),
        acl=table.acl,
        partitions=len(pieces),
    )


def _relation(row: list[Json]) -> LiveTable:
    space, name, kind, owner, size, count, reads, writes, items = row
    return LiveTable(
        name=_table(space, name),
        kind=str(kind),
        owner=str(owner),
        bytes=_int(size),
        rows=None if count is None else _int(count),
        reads=_int(reads),
        writes=_int(writes),
        acl=acl(strings(items)),
    )


def _key(row: list[Json]) -> Key:
    name, space, table, columns, to_space, to_table, to_columns, part = row
    ends = _table(space, table), _table(to_space, to_table)
    return Key(str(name), ends[0], strings(columns), ends[1], strings(to_columns), part is True)


def _need(row: list[Json], parts: Mapping[TableName, TableName]) -> Dependency:
    kind, space, name, to_space, to_name, called = row
    of, on = _table(space, name), _table(to_space, to_name)
    return Dependency(str(kind), parts.get(of, of), parts.get(on, on), str(called))


def _routine(row: list[Json]) -> Routine:
    space, name, language, owner, body, returns, definer, config, fired = row
    pairs = [setting.partition("=")[::2] for setting in strings(config)]
    tables = [values(json.loads(text)) for text in strings(fired)]
    return Routine(
        schema=str(space),
        name=str(name),
        language=str(language),
        owner=str(owner),
        body=str(body or ""),
        returns=str(returns),
        security_definer=definer is True,
        triggers=tuple(sorted(_table(*pair) for pair in tables)),
        search_path=next((_path(value) for key, value in pairs if key == "search_path"), ()),
    )


def _path(value: str) -> tuple[str, ...]:
    """The schemas of a search_path setting."""
    parts = (part.strip() for part in value.split(","))
    return tuple(part[1:-1].replace('""', '"') if part.startswith('"') else part for part in parts if part)


def _root(part: TableName, parents: Mapping[TableName, TableName]) -> TableName:
    seen = {part}
    while (above := parents.get(part)) is not None and above not in seen:
        seen.add(above)
        part = above
    return part


def _table(space: Json, name: Json) -> TableName:
    return TableName(str(space), str(name))


def _int(value: Json) -> int:
    return int(value) if isinstance(value, (int, float)) else 0
