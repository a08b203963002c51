"""What an expression printed by one version of PostgreSQL means, so that another version's print can be compared.

Of all that is compared, versions 15 to 18 print three things differently. In a rule some write AS before the alias of
the table that is changed, and some do not. Before 16, a view over a single relation names
the relation before each column, and a relation named old or new gets an alias, since every view has an OLD and a NEW of
its own. Those names are taken away or made alike; everything else must be the same text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import postgast

VIEW = "view definition"
_RULE = "CREATE RULE "
_SPECIAL = re.compile(r"(old|new)(_\d+)?")
_RANGES = frozenset({"RangeVar", "RangeSubselect", "RangeFunction"})
_CLOSED = frozenset({"SubLink", "RangeSubselect", "WithClause", "CommonTableExpr"})
"""Nodes that hold a query of their own, in which every version names the relation."""


def meaning(aspect: str, said: object) -> object:
    """The same value for two prints of one expression."""
    if not isinstance(said, str) or not (aspect == VIEW or said.startswith(_RULE)):
        return said
    import postgast  # a fifth of a second, and only those who compare versions pay it

    try:
        tree = postgast.parse(said)
        if aspect == VIEW:
            _unqualify(tree.stmts[0].stmt.select_stmt)
            _rename(tree)
        return str(postgast.deparse(tree))
    except (postgast.PgQueryError, UnicodeError, ValueError, RecursionError, IndexError):
        return said


def _unqualify(select: postgast.Node) -> None:
    """Take the name of the only relation of a query from its columns, not from those of queries within."""
    if len(select.from_clause) != 1 or select.HasField("larg"):
        return
    name = _name(select.from_clause[0])
    for column in _columns(select) if name else ():
        fields = column.fields
        if len(fields) == 2 and fields[0].string.sval == name and fields[1].WhichOneof("node") == "string":
            del fields[0]


def _name(item: postgast.Node) -> str:
    """What a query calls an item of its FROM; empty for a join, which is more than one."""
    if item.WhichOneof("node") == "range_table_sample":
        item = item.range_table_sample.relation
    kind = item.WhichOneof("node")
    return _called(getattr(item, kind)) if kind in ("range_var", "range_subselect", "range_function") else ""


def _rename(tree: postgast.Node) -> None:
    """Number the relations called old, old_1, old_2 (and new) by their order, whatever the first is called."""
    nodes = list(_nodes(tree))
    ranges = [node for node in nodes if node.DESCRIPTOR.name in _RANGES]
    called = {name for name in map(_called, ranges) if _SPECIAL.fullmatch(name)}
    order = sorted(called, key=lambda name: (name[:3], int(name[4:] or 0)))
    alike = {name: f"{name[:3]} {rank}" for rank, name in enumerate(order)}
    for node in ranges:
        if _called(node) in alike:
            node.alias.aliasname = alike[_called(node)]
    for node in nodes:
        if node.DESCRIPTOR.name == "ColumnRef" and len(node.fields) > 1 and node.fields[0].string.sval in alike:
            node.fields[0].string.sval = alike[node.fields[0].string.sval]


def _called(node: postgast.Node) -> str:
    return str(node.alias.aliasname) or (str(node.relname) if node.DESCRIPTOR.name == "RangeVar" else "")


def _nodes(node: postgast.Node) -> Iterator[postgast.Node]:
    yield node
    for field, value in node.ListFields():
        if field.message_type is not None:
            for child in value if field.is_repeated else [value]:
                yield from _nodes(child)


def _columns(node: postgast.Node) -> Iterator[postgast.Node]:
    for field, value in node.ListFields():
        if field.message_type is None:
            continue
        for child in value if field.is_repeated else [value]:
            name = child.DESCRIPTOR.name
            if name == "ColumnRef":
                yield child
            elif name not in _CLOSED:
                yield from _columns(child)
            elif name == "SubLink":
                yield from _columns(child.testexpr)
