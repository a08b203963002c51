"""Whether two tables in two databases hold the same rows: 128 bits of each, added up in buckets, whatever their order.

Every value is hashed as its text under pinned settings, so that enums, which differ in number between databases, and
numbers with more or fewer zeros count as what they say. NULL and empty text differ, and so do one row and the same row
twice. Nothing leaves a server but the sums.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from freehold.found.links import Shape
from freehold.prove.asking import Answer
from freehold.sqltext import Sql, ident, join, keyword, sql

BUCKETS = 256
KEYS_MAX = 20_000
TIMEOUT_MS = 600_000

_PINNED = keyword(
    "SET LOCAL datestyle = 'ISO, YMD'; SET LOCAL intervalstyle = 'postgres'; SET LOCAL timezone = 'UTC';"
    " SET LOCAL extra_float_digits = 1; SET LOCAL bytea_output = 'hex'; SET LOCAL row_security = off"
)
Sums = Mapping[int, tuple[int, int, int]]


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of one table, as both sides see them: ``columns`` in one order, told apart by ``key``."""

    schema: str
    name: str
    columns: tuple[str, ...]
    key: tuple[str, ...]

    @staticmethod
    def of(shape: Shape) -> Rows:
        columns = tuple(sorted(column.name for column in shape.columns))
        return Rows(shape.schema, shape.name, columns, shape.key or columns)

    def sums(self) -> Sql:
        """(bucket, rows, sum, sum) of every bucket that is not empty."""
        return sql(
            "{}; SET LOCAL statement_timeout = {};"
            " SELECT b, pg_catalog.count(*), pg_catalog.sum(h0), pg_catalog.sum(h1) FROM ({}) AS s GROUP BY b",
            _PINNED,
            TIMEOUT_MS,
            self._hashed(),
        )

    def keys(self, bucket: int) -> Sql:
        """(key, hash) of the rows of one bucket, at most ``KEYS_MAX``, in an order that both sides share."""
        return sql(
            "{}; SET LOCAL statement_timeout = {}; SELECT k, h0 FROM ({}) AS s WHERE b = {}"
            ' ORDER BY k COLLATE pg_catalog."C", h0 LIMIT {}',
            _PINNED,
            TIMEOUT_MS,
            self._hashed(),
            bucket,
            KEYS_MAX,
        )

    def _hashed(self) -> Sql:
        return sql(
            "SELECT pg_catalog.hash_record_extended(k, 7) & {} AS b, k::pg_catalog.text AS k,"
            " pg_catalog.hash_record_extended(r, 0) AS h0, pg_catalog.hash_record_extended(r, 1) AS h1"
            # OFFSET 0: the texts are made once for each row
            " FROM (SELECT ROW({}) AS k, ROW({}) AS r FROM {} OFFSET 0) AS t",
            BUCKETS - 1,
            _texts(self.key),
            _texts(self.columns),
            ident(self.schema, self.name),
        )


def _texts(names: tuple[str, ...]) -> Sql:
    return join(", ", [sql("{}::pg_catalog.text", ident(name)) for name in names])


def read_sums(answer: Answer) -> Sums:
    """The sums of a table as the server answered them."""
    return {int(row[0] or 0): (int(row[1] or 0), int(row[2] or 0), int(row[3] or 0)) for row in answer.rows}


def differing(one: Sums, other: Sums, among: frozenset[int]) -> frozenset[int]:
    """Those of the buckets ``among`` whose rows are not the same."""
    return frozenset(bucket for bucket in among if one.get(bucket) != other.get(bucket))


def difference(source: Answer, replica: Answer) -> tuple[str, ...]:
    """Which rows differ in one bucket, in words; at most five."""
    mine, theirs = _by_key(replica), _by_key(source)
    words = [f"row {key} is missing in the replica" for key in sorted(theirs.keys() - mine.keys())]
    words += [f"row {key} is only in the replica" for key in sorted(mine.keys() - theirs.keys())]
    words += [f"row {key} differs" for key in sorted(mine.keys() & theirs.keys()) if mine[key] != theirs[key]]
    return tuple(words[:5])


def _by_key(answer: Answer) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for key, value in ((row[0] or "", row[1] or "") for row in answer.rows):
        found.setdefault(key, []).append(value)
    return found
