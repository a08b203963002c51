"""Which line of the recipe made a row that the server refused."""

from __future__ import annotations

import re
from collections.abc import Sequence

from freehold.errors import Complaint, RowRefused
from freehold.seed.maker import TableMaker
from freehold.spec.names import show_table
from freehold.spec.nodes import masked

_KEY = re.compile(r"\((?P<names>.*)\)=\((?P<values>.*)\)", re.S)


def blame(refused: RowRefused, maker: TableMaker, start: int, block_of: range) -> Complaint:
    """The complaint for a refused row. ``start`` is the first row of the COPY, ``block_of`` all its rows: where the
    server names no line (a foreign key), the first row with the value that it names is looked for."""
    table = maker.table
    columns = _columns(refused, maker)
    row = _row(refused, maker, start, block_of, columns)
    shown = ", ".join(f'"{name}"' for name in columns)
    where = f"row {row} of table {show_table(table.name)}" if row else f"a row of table {show_table(table.name)}"
    if columns:
        where += f", column{'s' if len(columns) > 1 else ''} {shown}"
    named = next((name for name in columns if name in maker.recipe.columns), "")
    path = maker.path(named) if named else maker.recipe.path
    mark = maker.makers.recipe.complaints.mark(path)
    hint = (
        "Correct the draw in this line."
        if named
        else f"The recipe names no draw for it: write one below columns: of {show_table(table.name)}."
    )
    detail = f" ({refused.detail.rstrip('.')})" if refused.detail and refused.sqlstate != "23514" else ""
    message = str(refused.message).split(": " + refused.detail)[0] if refused.detail else refused.message
    return Complaint(mark.file, mark.line, mark.column, "seed", f"{where}: {message}{masked(detail)}", "", hint)


def _columns(refused: RowRefused, maker: TableMaker) -> Sequence[str]:
    if refused.column:
        return (refused.column,)
    table = maker.table
    named = {one.name: one.columns for one in table.checks}
    named |= {one.name: one.columns for one in table.foreign_keys if one.enforced}
    named |= {one.name: one.columns for one in table.keys}
    if refused.constraint in named:
        return named[refused.constraint]
    found = re.search(rf"COPY {re.escape(table.name.table)}, \D*\d+, \w+ (.*?)(?:: |$)", refused.context, re.S)
    known = {column.name for column in table.columns}
    return (found[1],) if found is not None and found[1] in known else ()


def _row(refused: RowRefused, maker: TableMaker, start: int, rows: range, columns: Sequence[str]) -> int:
    found = re.search(rf"COPY {re.escape(maker.table.name.table)}, \D*?(\d+)", refused.context)
    if found is not None:
        return start + int(found[1])
    match = _KEY.search(refused.detail)
    if match is None or len(columns) != 1:
        return 0
    wanted = match["values"]
    at = next((i for i, (column, _) in enumerate(maker.copied()) if column.name == columns[0]), -1)
    for first in range(rows.start, rows.stop if at >= 0 else rows.start, 4096):
        lines = maker.block(range(first, min(first + 4096, rows.stop))).decode("utf-8", "replace").splitlines()
        for offset, line in enumerate(lines):
            if line.split("\t")[at].replace("-", "") == wanted.replace("-", ""):
                return first + offset + 1
    return 0
