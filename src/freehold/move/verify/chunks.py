"""How a table is cut into pieces that mean the same rows on both sides.

A piece is a range of the key where its order is the same on every server, which that of texts is not; else a share of
the hashes of the keys, and one statement then tells the sums of all shares. Rows without a key are known by their
content: a piece of them is a share of its hashes. Which rows a piece holds never depends on a plan or an estimate.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from math import ceil

from freehold.move.checksum import compared, encoded
from freehold.move.model import Column, Table
from freehold.move.verify.model import Key
from freehold.sqltext import Sql, ident, join, keyword, literal, raw, sql

KEYS_AT_ONCE = 1_000
_SHARES = 4_096
_ORDERED = frozenset(
    {"int2", "int4", "int8", "oid", "numeric", "date", "time", "timestamp", "timestamptz", "uuid", "bytea", "bool"}
)
"""Types that every server puts in the same order."""
_ONE_TEXT = frozenset(
    {"int2", "int4", "int8", "oid", "date", "time", "timestamp", "timestamptz", "uuid", "bytea", "bool", "name"}
)
"""Types of which equal values have the same text; text itself too where its collation is deterministic."""


@dataclass(frozen=True, slots=True)
class Shape:
    """A table as it is compared: ``columns`` whose bytes count, ``key`` that names a row (empty: its content does),
    and the leading columns of the key by whose order it is cut. ``canonical``: equal keys have equal texts."""

    table: Table
    columns: tuple[Column, ...]
    key: tuple[Column, ...]
    ordered: tuple[Column, ...]
    canonical: bool

    @property
    def content(self) -> tuple[Column, ...]:
        """The columns that a stream of changes tells."""
        return tuple(one for one in self.columns if not one.generated)


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece: the range from ``low`` up to below ``high``, or these ``keys``. ``shares`` is into how many shares of
    hashes the statement divides it, ``only`` the shares that are asked for (None: all)."""

    shape: Shape
    low: Key | None = None
    high: Key | None = None
    keys: tuple[Key, ...] | None = None
    shares: int = 1
    only: tuple[int, ...] | None = None


def shape(table: Table, index: Sequence[str] = ()) -> Shape:
    """How to compare a table. ``index`` are the columns of its replica identity index, where it has one: a stream of
    changes names rows by them, and by the primary key otherwise."""
    by_name = {one.name: one for one in table.columns}
    key = tuple(by_name[name] for name in (index if table.replica_identity == "i" else table.key))
    ordered: list[Column] = []
    for one in key:
        if not _plain(one) or one.base[1] not in _ORDERED:
            break
        ordered.append(one)
    canonical = all(
        _plain(one) and (one.base[1] in _ONE_TEXT or (one.base[1] in ("text", "varchar") and one.deterministic))
        for one in key
    )
    return Shape(table, compared(table), key, tuple(ordered), canonical)


def _plain(column: Column) -> bool:
    return column.base[0] == "pg_catalog" and column.kind == "b" and not column.array


def parts(shape: Shape, chunk_rows: int) -> int:
    """Into how many pieces a table is cut, by the server's estimates."""
    return max(1, ceil(shape.table.rows / chunk_rows))


def bounds(shape: Shape, count: int) -> Sql:
    """Keys that cut the table into about ``count`` pieces, as text and in order, from a sample of its pages."""
    table = ident(shape.table.name.schema, shape.table.name.table)
    pages = max(1, shape.table.bytes // 8192)
    share = min(100.0, max(0.01, 400.0 * count / pages))
    names = [ident(f"k{n}") for n in range(len(shape.ordered))]
    listed = join(", ", names)
    return sql(
        "SELECT {} FROM (SELECT {}, pg_catalog.row_number() OVER (ORDER BY {}) AS n, pg_catalog.count(*) OVER () AS c"
        " FROM (SELECT DISTINCT {} FROM ONLY {} TABLESAMPLE SYSTEM ({}) REPEATABLE (1)) AS s) AS z"
        " WHERE n % greatest(c / {}, 1) = 0 ORDER BY n",
        join(", ", [sql("{}::pg_catalog.text", name) for name in names]),
        listed,
        listed,
        join(", ", [sql("{} AS {}", ident(o.name), n) for o, n in zip(shape.ordered, names, strict=True)]),
        table,
        raw(f"{share:.4f}"),
        count,
    )


def chunks(shape: Shape, count: int, cuts: Iterable[Key]) -> tuple[Chunk, ...]:
    """The whole table in pieces: ranges between the cuts, or one statement that tells ``count`` shares."""
    if not shape.ordered:
        shares = 1
        while shares < min(count, _SHARES):
            shares *= 2
        return (Chunk(shape, shares=shares),)
    ends: list[Key | None] = [None, *cuts, None]
    return tuple(Chunk(shape, low, high) for low, high in pairwise(ends))


def of_keys(shape: Shape, keys: Collection[Key]) -> tuple[Chunk, ...]:
    """These rows, so many at a time."""
    ordered = sorted(keys)
    return tuple(
        Chunk(shape, keys=tuple(ordered[at : at + KEYS_AT_ONCE])) for at in range(0, len(ordered), KEYS_AT_ONCE)
    )


def sampled(pieces: Sequence[Chunk], percent: float, seed: int) -> tuple[Chunk, ...]:
    """Some of the pieces, at least one, the same for the same seed."""
    if len(pieces) == 1 and pieces[0].shares > 1:
        count = max(1, round(pieces[0].shares * percent / 100))
        return (replace(pieces[0], only=_drawn(pieces[0].shares, count, seed)),)
    count = min(len(pieces), max(1, round(len(pieces) * percent / 100)))
    return tuple(pieces[at] for at in _drawn(len(pieces), count, seed))


def portion(pieces: Sequence[Chunk], some: Sequence[Chunk]) -> float:
    """The part of a table that some of its pieces make, if all are of one size."""

    def size(chunk: Chunk) -> int:
        return chunk.shares if chunk.only is None else len(chunk.only)

    return sum(map(size, some)) / sum(map(size, pieces))


def _drawn(of: int, count: int, seed: int) -> tuple[int, ...]:
    drawn = sorted(range(of), key=lambda at: hashlib.sha256(f"{seed}:{at}".encode()).digest())
    return tuple(sorted(drawn[:count]))


def key_parts(shape: Shape) -> tuple[tuple[Sql, Sql], ...]:
    """What names a row, each as an expression and its type."""
    if shape.key:
        return tuple((ident(one.name), raw(one.type)) for one in shape.key)
    return tuple((content_hash(shape, seed), keyword("pg_catalog.int8")) for seed in (0, 1))


def content_hash(shape: Shape, seed: int) -> Sql:
    """A hash of what a stream of changes tells of a row."""
    values = join(", ", [encoded(one) for one in shape.content]) if shape.content else keyword("true")
    return sql("pg_catalog.hash_record_extended(ROW({}), {})", values, seed)


def member(shape: Shape, keys: Collection[Key]) -> Sql:
    """Whether a row is one of ``keys``, which are not empty."""
    named = key_parts(shape)
    values = [[sql("{}::{}", literal(text), kind) for text, (_, kind) in zip(key, named, strict=True)] for key in keys]
    if len(named) == 1:
        return sql("{} IN ({})", named[0][0], join(", ", [one[0] for one in values]))
    return sql(
        "({}) IN (VALUES {})",
        join(", ", [expression for expression, _ in named]),
        join(", ", [sql("({})", join(", ", one)) for one in values]),
    )


def share(shape: Shape, shares: int) -> Sql:
    """The share of the hashes that a row belongs to, from 0; ``shares`` is a power of two."""
    if shares == 1:
        return keyword("0")
    if not shape.key:
        return sql("({} & {})", content_hash(shape, 0), shares - 1)
    values = join(", ", [encoded(one) for one in shape.key])
    return sql("(pg_catalog.hash_record_extended(ROW({}), 2) & {})", values, shares - 1)


def condition(chunk: Chunk, without: Collection[Key] = ()) -> Sql | None:
    """Which rows a piece holds, leaving out those of ``without``."""
    found: list[Sql] = []
    names = join(", ", [ident(one.name) for one in chunk.shape.ordered])
    for end, sign in ((chunk.low, ">="), (chunk.high, "<")):
        if end is not None:
            values = [sql("{}::{}", literal(t), raw(c.type)) for t, c in zip(end, chunk.shape.ordered, strict=True)]
            found.append(sql("ROW({}) {} ROW({})", names, raw(sign), join(", ", values)))
    if chunk.keys is not None:
        found.append(member(chunk.shape, chunk.keys))
    if chunk.only is not None:
        shares = join(", ", [raw(str(one)) for one in chunk.only])
        found.append(sql("{} IN ({})", share(chunk.shape, chunk.shares), shares))
    if without:
        found.append(sql("NOT ({})", member(chunk.shape, without)))
    return join(" AND ", found) if found else None


def contents(shape: Shape, rows: Sequence[Mapping[str, str | None]]) -> Sql:
    """What names rows without a key, of rows that a stream of changes told."""
    values = [
        sql("({})", join(", ", [sql("{}::{}", _value(row[one.name]), raw(one.type)) for one in shape.content]))
        for row in rows
    ]
    return sql(
        "SELECT DISTINCT {}::pg_catalog.text, {}::pg_catalog.text FROM (VALUES {}) AS t ({})",
        content_hash(shape, 0),
        content_hash(shape, 1),
        join(", ", values),
        join(", ", [ident(one.name) for one in shape.content]),
    )


def _value(text: str | None) -> Sql:
    return keyword("NULL") if text is None else literal(text)


def equals(shape: Shape, keys: Sequence[Key], others: Collection[Key]) -> Sql:
    """Those of ``keys`` that equal one of ``others``, where equal keys may have several texts; as their texts."""
    named = key_parts(shape)
    texts = [ident(f"t{n}") for n in range(len(named))]
    rows = [
        sql(
            "({}, {})",
            join(", ", [sql("{}::{}", literal(text), kind) for text, (_, kind) in zip(key, named, strict=True)]),
            join(", ", [literal(text) for text in key]),
        )
        for key in keys
    ]
    return sql(
        "SELECT {} FROM (VALUES {}) AS t ({}, {}) WHERE {}",
        join(", ", texts),
        join(", ", rows),
        join(", ", [ident(one.name) for one in shape.key]),
        join(", ", texts),
        member(shape, others),
    )
