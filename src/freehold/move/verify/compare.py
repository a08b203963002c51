"""The questions that both sides are asked about a piece of a table, and what the two answers say together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from freehold.move.checksum import Sum, encoded, result
from freehold.move.verify.chunks import Chunk, Shape, condition, key_parts, share
from freehold.move.verify.model import Key, Kind, Mismatch
from freehold.sqltext import Sql, ident, join, keyword, literal, sql

SHARES = 256
"""Into how many shares a piece that differs is divided before its rows are asked for."""

Row = tuple[object, ...]
Content = tuple[int, int]
Rows = dict[Key, Counter[Content]]


@dataclass(frozen=True, slots=True)
class Difference:
    """A row that differs in one piece of work; ``count`` is how many rows it stands for where rows have no key."""

    key: Key
    kind: Kind
    count: int = 1


def sums(chunk: Chunk, without: Collection[Key] = (), *, counts: bool = False) -> Sql:
    """The checksum of each share of a piece; with ``counts``, how many rows there are and nothing else."""
    table, where = _from(chunk, condition(chunk, without))
    number = share(chunk.shape, chunk.shares)
    if counts:
        return sql("SELECT {} AS n, pg_catalog.count(*), 0, 0, 0 FROM {}{} GROUP BY 1", number, table, where)
    values = join(", ", [encoded(one) for one in chunk.shape.columns]) if chunk.shape.columns else keyword("true")
    return sql(
        "SELECT n, pg_catalog.count(*), pg_catalog.sum(a), pg_catalog.sum(b),"
        " pg_catalog.sum(a::pg_catalog.numeric * b) FROM (SELECT n, pg_catalog.hash_record_extended(r, 0) AS a,"
        " pg_catalog.hash_record_extended(r, 1) AS b FROM (SELECT {} AS n, ROW({}) AS r FROM {}{} OFFSET 0) AS t"
        " OFFSET 0) AS h GROUP BY n",
        number,
        values,
        table,
        where,
    )


def told(rows: Iterable[Row]) -> Mapping[int, Sum]:
    """The Sum of each share that holds rows."""
    return {int(str(row[0])): result(row[1:]) for row in rows}


def unequal(home: Mapping[int, Sum], fed: Mapping[int, Sum]) -> tuple[int, ...]:
    """The shares that are not the same on both sides, in order."""
    return tuple(sorted(n for n in home.keys() | fed.keys() if home.get(n) != fed.get(n)))


def narrowed(chunk: Chunk, bad: tuple[int, ...]) -> Chunk:
    """What to ask the sums of next, when these shares of a piece differ: the same rows in finer shares, or, where
    the piece was divided already, those shares alone."""
    if chunk.shares == 1:
        return replace(chunk, shares=SHARES)
    return replace(chunk, only=bad)


def rows(chunk: Chunk, without: Collection[Key] = ()) -> Sql:
    """Each row of a piece: what names it, as text, and its two hashes."""
    table, where = _from(chunk, condition(chunk, without))
    named = [ident(f"k{n}") for n in range(len(key_parts(chunk.shape)))]
    values = join(", ", [encoded(one) for one in chunk.shape.columns]) if chunk.shape.columns else keyword("true")
    return sql(
        "SELECT {}, pg_catalog.hash_record_extended(r, 0), pg_catalog.hash_record_extended(r, 1)"
        " FROM (SELECT {}, ROW({}) AS r FROM {}{} OFFSET 0) AS t",
        join(", ", named),
        join(", ", [sql("({})::pg_catalog.text AS {}", e, n) for (e, _), n in zip(_parts(chunk), named, strict=True)]),
        values,
        table,
        where,
    )


def gathered(blocks: Iterable[Iterable[Row]]) -> Rows:
    """The rows of an answer by key."""
    found: Rows = {}
    for block in blocks:
        for *key, a, b in block:
            found.setdefault(tuple(str(part) for part in key), Counter())[int(str(a)), int(str(b))] += 1
    return found


def differences(home: Rows, fed: Rows) -> Iterator[Difference]:
    """What differs, in the order of the keys' texts."""
    for key in sorted(home.keys() | fed.keys()):
        here, there = home.get(key, Counter()), fed.get(key, Counter())
        if here == there:
            continue
        less, more = (here - there).total(), (there - here).total()
        both = min(less, more)
        if both:
            yield Difference(key, Kind.DIFFERENT, both)
        if less > both:
            yield Difference(key, Kind.MISSING, less - both)
        if more > both:
            yield Difference(key, Kind.EXTRA, more - both)


def column_hashes(shape: Shape, keys: Collection[Key]) -> Sql:
    """A hash of each column of these rows, after what names the row."""
    chunk = Chunk(shape, keys=tuple(keys))
    table, where = _from(chunk, condition(chunk))
    hashes = [sql("pg_catalog.hash_record_extended(ROW({}), 0)", encoded(one)) for one in shape.columns]
    named = [sql("({})::pg_catalog.text", expression) for expression, _ in key_parts(shape)]
    return sql("SELECT {} FROM {}{}", join(", ", [*named, *hashes]), table, where)


def columns_of(shape: Shape, home: Iterable[Row], fed: Iterable[Row]) -> Mapping[Key, tuple[str, ...]]:
    """The columns that differ, of each row that both answers to ``column_hashes`` tell."""
    width = len(key_parts(shape))
    there = {tuple(str(part) for part in row[:width]): row[width:] for row in fed}
    found: dict[Key, tuple[str, ...]] = {}
    for row in home:
        key = tuple(str(part) for part in row[:width])
        if key in there:
            pairs = zip(shape.columns, row[width:], there[key], strict=True)
            found[key] = tuple(column.name for column, one, other in pairs if one != other)
    return found


def mismatch(shape: Shape, difference: Difference, columns: tuple[str, ...] = ()) -> Mismatch:
    """A difference as a report names it; rows that were only counted have no key."""
    names = tuple(one.name for one in shape.key) or ("hash", "second hash")
    key = tuple(zip(names, difference.key, strict=True)) if difference.key else ()
    return Mismatch(shape.table.name, difference.kind, key, columns)


def standing(sequences: Iterable[tuple[str, str]]) -> Sql:
    """Where sequences stand, in the order given: ``last_value`` and ``is_called`` in one text each."""
    return join(
        " UNION ALL ",
        [
            sql(
                "SELECT {}, {}, last_value::pg_catalog.text || CASE WHEN is_called THEN '' ELSE ' (not used)' END"
                " FROM {}",
                literal(schema),
                literal(name),
                ident(schema, name),
            )
            for schema, name in sequences
        ],
    )


def _parts(chunk: Chunk) -> tuple[tuple[Sql, Sql], ...]:
    return key_parts(chunk.shape)


def _from(chunk: Chunk, where: Sql | None) -> tuple[Sql, Sql]:
    table = sql("ONLY {}", ident(chunk.shape.table.name.schema, chunk.shape.table.name.table))
    return table, sql(" WHERE {}", where) if where is not None else Sql(())
