"""Which tables a statement reads and writes, by PostgreSQL's own parser."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from freehold.discover.depth import too_deep

if TYPE_CHECKING:
    import postgast

Name = tuple[str, str]
"""Schema (empty where the statement names none) and table."""

_WRITES = {"InsertStmt": "relation", "UpdateStmt": "relation", "DeleteStmt": "relation", "MergeStmt": "relation"}
_DATA = frozenset({"select_stmt", "insert_stmt", "update_stmt", "delete_stmt", "merge_stmt", "declare_cursor_stmt"})


@dataclass(frozen=True, slots=True)
class Touched:
    """What one statement touches, each sorted. A table that is written is not repeated among those read."""

    reads: tuple[Name, ...] = ()
    writes: tuple[Name, ...] = ()

    @property
    def every(self) -> tuple[Name, ...]:
        return tuple(sorted({*self.reads, *self.writes}))


@lru_cache(maxsize=16384)
def touched(text: str) -> tuple[Touched, ...] | None:
    """What each statement that reads or writes data touches; None for text that is no SQL, or nests too deeply."""
    import postgast  # a fifth of a second, and only those who look into SQL pay it
    from google.protobuf.message import DecodeError

    if too_deep(text):
        return None
    try:
        tree = postgast.parse(text)
    except (postgast.PgQueryError, DecodeError, UnicodeError, ValueError, RecursionError):
        return None
    found: list[Touched] = []
    for raw in tree.stmts:
        kind = raw.stmt.WhichOneof("node")
        if kind in _DATA:
            found.append(_statement(getattr(raw.stmt, kind)))
    return tuple(found)


def _statement(tree: postgast.Node) -> Touched:
    import postgast

    writes: set[Name] = set()
    reads: list[Name] = []
    aliases: set[str] = set()
    for field, node in postgast.walk(tree):
        kind = node.DESCRIPTOR.name
        if kind == "CommonTableExpr":
            aliases.add(node.ctename)
        elif kind in _WRITES:
            writes.add(_name(getattr(node, _WRITES[kind])))
        elif kind == "RangeVar" and field != "rel":
            # the target of SELECT .. INTO is a variable in a body and a new table elsewhere: no table that is there
            reads.append(_name(node))
    # a common table expression hides a table of its name
    writes = {name for name in writes if name[0] or name[1] not in aliases}
    seen = {name for name in reads if name not in writes and (name[0] or name[1] not in aliases)}
    return Touched(tuple(sorted(seen)), tuple(sorted(writes)))


def _name(node: postgast.Node) -> Name:
    return str(node.schemaname), str(node.relname)
