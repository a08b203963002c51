"""Which types can refer to which, and how a key travels: out of a row as a value to compare, and back into SQL."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import cast

from freehold.audit.key_types._kind import KeyType, members
from freehold.audit.model import Column, Key
from freehold.sqltext import Sql, join, literal, sql

UTF8 = "UTF8"
"""The encoding whose bytes a text column can be ordered by as they lie on the server; from others they are made."""

Row = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Part:
    """One column of a key on one side: how it is written and compared there. ``coded`` texts travel as hexadecimal
    UTF-8, because the server's own encoding orders differently and may lack characters."""

    kind: KeyType
    column: Column
    coded: bool

    def written(self, column: Sql) -> Sql:
        """What is sent and ordered by."""
        plain = self.kind.written(column, self.column)
        return sql("pg_catalog.textsend({})", plain) if self.coded else plain

    def same(self, column: Sql, key: Sql) -> Sql:
        """Whether the column equals a key that ``text`` made."""
        if self.coded:
            return sql("{} = pg_catalog.decode({}, 'hex')", self.written(column), key)
        return self.kind.same(column, self.column, key)

    def spelled(self, column: Sql, key: Sql) -> Sql:
        """Whether the column is written exactly as a key, where equal keys can be written differently."""
        if self.coded or not self.kind.characters:
            return sql("true")
        return sql("{} = {}", self.kind.written(column, self.column), key)

    def text(self, value: int | str | bytes) -> str:
        """A value of a key as ``same`` takes it."""
        if isinstance(value, bytes):
            return "\\x" + value.hex()
        return value.encode().hex() if self.coded and isinstance(value, str) else str(value)


def matched(child: Column, parent: Column) -> KeyType | None:
    """The narrowest group of types that both columns belong to, or None: such columns cannot be compared."""
    found = [
        (len(kind.refers) + len(kind.referred), name, kind)
        for name, kind in members().items()
        if _name(child) in kind.refers and _name(parent) in kind.referred
    ]
    return min(found)[2] if found else None


def unfit(kind: KeyType, column: Column, encoding: str) -> str:
    """Why keys of this column cannot be compared outside their database, though their type can; empty if they can."""
    if not kind.characters or encoding == UTF8:
        return ""
    if encoding == "SQL_ASCII":
        return "its database has the encoding SQL_ASCII, which does not say what its bytes mean"
    if _name(column) == "citext" or not column.deterministic:
        return f"texts are equal there that have other bytes, and its database has the encoding {encoding}"
    return ""


def reader(parts: Sequence[Part]) -> Callable[[list[Row]], list[Key]]:
    """From rows of these columns to keys."""
    if any(part.coded for part in parts):
        return lambda rows: [tuple(map(_decoded, row, parts)) for row in rows]
    # what a stream holds are numbers, texts and bytes already, and the columns of a key are never NULL
    return lambda rows: cast(list[Key], rows)


def _decoded(value: object, part: Part) -> int | str | bytes:
    if part.coded and isinstance(value, bytes):
        return value.decode()
    return value if isinstance(value, int | str | bytes) else str(value)


def shown(key: Key) -> tuple[str, ...]:
    """A key as a person reads it."""
    return tuple("\\x" + value.hex() if isinstance(value, bytes) else str(value) for value in key)


def rows(parts: Sequence[Part], keys: Sequence[Key]) -> Sql:
    """The keys as a set of rows ``k(n, k1, k2, ..)``; n counts from 1."""
    arrays = [
        sql("pg_catalog.unnest({}::pg_catalog.text[])", literal(_array([part.text(key[at]) for key in keys])))
        for at, part in enumerate(parts)
    ]
    names = join(", ", [key_column(at) for at in range(len(parts))])
    return sql("ROWS FROM ({}) WITH ORDINALITY AS k({}, n)", join(", ", arrays), names)


def key_column(at: int) -> Sql:
    """The name of a column of ``rows``."""
    return sql("k{}", at + 1)


def _name(column: Column) -> str:
    if column.origin in ("pg_catalog", "citext"):
        return column.type if column.origin == "pg_catalog" or column.type == "citext" else ""
    return "enum" if column.origin == "enum" else ""


def _array(texts: Sequence[str]) -> str:
    escaped = (text.replace("\\", "\\\\").replace('"', '\\"') for text in texts)
    return "{" + ",".join(f'"{text}"' for text in escaped) + "}"
