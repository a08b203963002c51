"""What PostgreSQL's ``pgoutput`` says of committed transactions, read as: which rows of which tables were touched.

The format is that of the logical replication protocol, version 1. Values are the texts of the session that reads, so
they are the same that the questions of a comparison use, where that session pins its settings too; and like all texts
that a server sends, they are in the encoding of the client, which is UTF-8, whatever that of the database is.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from freehold.move.verify.chunks import Shape
from freehold.move.verify.model import Key
from freehold.spec.model import TableName

Values = dict[str, "str | None"]
HELD = 200_000
"""Touched rows of a table that are kept one by one; of a table with more, every row is taken as changed."""
UNCHANGED = "\0"
"""Stands for a long value that an UPDATE did not touch: it is not in the stream. No text can hold it."""


@dataclass(slots=True)
class Touched:
    """The rows that one transaction, or several, changed: ``keys`` by table, ``contents`` of rows without a key, and
    tables of which every row must be taken as changed."""

    keys: dict[TableName, set[Key]] = field(default_factory=dict)
    contents: dict[TableName, list[Values]] = field(default_factory=dict)
    whole: set[TableName] = field(default_factory=set)

    def add(self, other: Touched) -> None:
        """Take in what another touched."""
        for table, keys in other.keys.items():
            self.keys.setdefault(table, set()).update(keys)
        for table, contents in other.contents.items():
            self.contents.setdefault(table, []).extend(contents)
        self.whole |= other.whole
        for table in (*other.keys, *other.contents):
            if table in self.whole or self._held(table) > HELD:
                self.whole.add(table)
                self.keys.pop(table, None)
                self.contents.pop(table, None)

    def _held(self, table: TableName) -> int:
        return len(self.keys.get(table, ())) + len(self.contents.get(table, ()))


@dataclass(frozen=True, slots=True)
class Transaction:
    """A committed transaction: its id (32 bits), what it touched, and the barriers it wrote, as (move, token)."""

    xid: int
    touched: Touched
    barriers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class _Relation:
    name: TableName
    columns: tuple[str, ...]


class Undecodable(ValueError):
    """The stream holds what this reader does not know: nothing may be concluded from it."""


@dataclass
class Reader:
    """Reads messages of one decoding session. ``shapes`` are the tables that matter; others are passed over."""

    shapes: Mapping[TableName, Shape]
    barrier: TableName
    _relations: dict[int, _Relation] = field(default_factory=dict)
    _xid: int = 0
    _touched: Touched = field(default_factory=Touched)
    _barriers: list[tuple[str, str]] = field(default_factory=list)

    def read(self, messages: Iterable[bytes]) -> Iterator[Transaction]:
        """The transactions that these messages end."""
        for data in messages:
            match data[:1]:
                case b"B":
                    (self._xid,) = struct.unpack_from(">I", data, 17)
                    self._touched, self._barriers = Touched(), []
                case b"C":
                    yield Transaction(self._xid, self._touched, tuple(self._barriers))
                case b"R":
                    self._relation(data)
                case b"I" | b"U" | b"D":
                    self._change(data)
                case b"T":
                    count, _ = struct.unpack_from(">IB", data, 1)
                    for relation in struct.unpack_from(f">{count}I", data, 6):
                        self._touched.whole.add(self._known(relation).name)
                case b"O" | b"Y" | b"M":
                    pass
                case other:
                    raise Undecodable(f"a message of kind {other!r}")

    def _relation(self, data: bytes) -> None:
        (relation,) = struct.unpack_from(">I", data, 1)
        schema, at = self._name(data, 5)
        table, at = self._name(data, at)
        (count,) = struct.unpack_from(">H", data, at + 1)
        at += 3
        columns = []
        for _ in range(count):
            column, at = self._name(data, at + 1)
            columns.append(column)
            at += 8
        self._relations[relation] = _Relation(TableName(schema or "pg_catalog", table), tuple(columns))

    def _name(self, data: bytes, at: int) -> tuple[str, int]:
        end = data.index(b"\0", at)
        return data[at:end].decode(), end + 1

    def _known(self, relation: int) -> _Relation:
        if relation not in self._relations:
            raise Undecodable(f"relation {relation} was not introduced")
        return self._relations[relation]

    def _change(self, data: bytes) -> None:
        (number,) = struct.unpack_from(">I", data, 1)
        relation = self._known(number)
        at, old, new = 5, None, None
        while at < len(data):
            part, at = data[at : at + 1], at + 1
            values, at = self._tuple(data, at, relation)
            if part == b"N":
                new = values
            else:
                old = values
        if relation.name == self.barrier:
            if data[:1] == b"I" and new is not None:
                self._barriers.append((str(new["move"]), str(new["token"])))
            return
        shape = self.shapes.get(relation.name)
        if shape is not None:
            self._touch(relation.name, shape, old, new)

    def _tuple(self, data: bytes, at: int, relation: _Relation) -> tuple[Values, int]:
        (count,) = struct.unpack_from(">H", data, at)
        at += 2
        values: Values = {}
        for name in relation.columns[:count]:
            kind, at = data[at : at + 1], at + 1
            if kind == b"n":
                values[name] = None
            elif kind == b"u":
                values[name] = UNCHANGED
            elif kind == b"t":
                (length,) = struct.unpack_from(">I", data, at)
                values[name] = data[at + 4 : at + 4 + length].decode()
                at += 4 + length
            else:
                raise Undecodable(f"a value of kind {kind!r}")
        return values, at

    def _touch(self, name: TableName, shape: Shape, old: Values | None, new: Values | None) -> None:
        if new is not None and old is not None:
            # an old row holds every value of a row without a key, and the new one only those that changed
            new = {one: old.get(one) if value == UNCHANGED else value for one, value in new.items()}
        for values in (old, new):
            if values is None:
                continue
            if shape.key:
                key = tuple(values.get(one.name) for one in shape.key)
                if any(part is None or part == UNCHANGED for part in key):
                    self._touched.whole.add(name)
                else:
                    self._touched.keys.setdefault(name, set()).add(tuple(str(part) for part in key))
            elif all(one.name in values and values[one.name] != UNCHANGED for one in shape.content):
                self._touched.contents.setdefault(name, []).append(values)
            else:
                self._touched.whole.add(name)
