"""A group of types whose keys can be compared between servers of any version, locale, collation and encoding.

Two things are said of each group. ``written`` turns a column into the value that is sent and ordered by: it must
be written alike by every server, and keys that PostgreSQL calls different must be written differently. Equal keys
may be written differently; what then seems to lack its parent is asked again with ``same``, which is the parent's
own equality.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from freehold import family
from freehold.audit.model import Column
from freehold.sqltext import Sql, ident, sql

FAMILY = "freehold.audit.key_types"


@dataclass(frozen=True, slots=True)
class KeyType:
    """``refers`` and ``referred`` are the types of the child's and of the parent's column that belong together.

    ``written(column, of)`` is an expression over the column as SQL names it, described by ``of``.
    ``same(column, of, key)`` compares the column with ``key``, either its text or a column of a type in ``refers``.
    ``characters`` says that the bytes of what is written depend on the encoding of the database.
    """

    refers: frozenset[str]
    referred: frozenset[str]
    written: Callable[[Sql, Column], Sql]
    same: Callable[[Sql, Column, Sql], Sql]
    characters: bool = False


def members() -> Mapping[str, KeyType]:
    """All groups by name."""
    return family.members(FAMILY, KeyType)


def as_text(column: Sql, of: Column) -> Sql:
    """The column as a text that is ordered by its bytes; out of its index where that is ordered so."""
    text = sql("({})::pg_catalog.text", column)
    return text if of.bytewise else in_bytes(text)


def in_bytes(expression: Sql) -> Sql:
    """A text that is ordered by its bytes, whatever the collation of the database."""
    return sql('({}) COLLATE "pg_catalog"."C"', expression)


def collated(expression: Sql, of: Column) -> Sql:
    """``expression`` under the collation of the column, which is the one its unique index uses."""
    return sql("({}) COLLATE {}", expression, ident(*of.collation)) if of.collation else expression
