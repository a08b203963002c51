"""Tables on narrow terminals: as they are where they can be read, in bands of columns, or each row on its own lines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from rich.cells import cell_len

from freehold.cli.out import Cell, Table

GAP = 2
"""Blanks between two parts on a line."""

COLUMN_GAP = 3
EDGES = 2
"""Blanks between two columns of a table, and outside of them."""

FREE_MIN = 24
"""How wide the widest column of a table stays, which is the one that is folded, so that it can still be read."""

HANGING = "  "
"""Before what goes on from the line above."""


@dataclass(frozen=True, slots=True)
class Record:
    """One row by itself: what it is about, and its other cells with their headers."""

    head: tuple[Cell, ...]
    parts: tuple[tuple[str, Cell], ...]


def fitted(table: Table, width: int) -> Iterator[Table | Record]:
    """What is printed instead of ``table`` in ``width`` columns; the table itself where it can be read."""
    widths = natural_widths(table)
    over = sum(widths) + COLUMN_GAP * (len(widths) - 1) + EDGES - width
    if over <= 0:
        yield table
    elif table.tight:
        yield from _bands(table, widths, width)
    elif table.columns and not _folds(table, widths, over, width):
        for row in table.rows:
            yield _record(table, row)
    else:
        yield table


def natural_widths(table: Table) -> list[int]:
    """How wide each column is when nothing is folded."""
    count = len(table.columns) or max((len(row) for row in table.rows), default=0)
    heads = [cell_len(text) for text in table.columns] or [0] * count
    return [
        max(head, *(cell_len(_cell(row[index]).text) for row in table.rows if index < len(row)), 0)
        for index, head in enumerate(heads)
    ]


def _folds(table: Table, widths: Sequence[int], over: int, width: int) -> bool:
    """Whether the widest column can give up ``over`` and still be read, with no word of it broken."""
    left, column = max(widths) - over, widths.index(max(widths))
    words = (cell_len(word) for row in table.rows for word in _cell(row[column]).text.split(" "))
    return left >= max(FREE_MIN, width // 3, *words)


def lines(record: Record, width: int) -> Iterator[list[tuple[str, Cell]]]:
    """The lines of a record below its head, each as (header, text) pairs that fit beside each other.

    A part that is wider than a line is broken at blanks only, so that a path or a name can still be copied."""
    line: list[tuple[str, Cell]] = []
    used = 0
    for header, cell in record.parts:
        wide = cell_len(header) + bool(header) + cell_len(cell.text)
        if line and used + GAP + wide > width:
            yield line
            line, used = [], 0
        if wide <= width:
            used += wide + (GAP if line else 0)
            line.append((header, cell))
            continue
        first, *more = _broken(cell.text, width - cell_len(header) - bool(header), width - len(HANGING))
        yield [(header, replace(cell, text=first))]
        yield from ([("", replace(cell, text=HANGING + text))] for text in more)
    if line:
        yield line


def _record(table: Table, row: Sequence[str | Cell]) -> Record:
    cells = [_cell(one) for one in row]
    # a column without a header holds a sign, which belongs to what follows it
    named = next((index for index, header in enumerate(table.columns) if header), 0)
    both = list(zip(table.columns, cells, strict=True))[named + 1 :]
    rest = [(header, cell) for header, cell in both if cell.text]
    if len(rest) == 1:
        rest = [("", rest[0][1])]
    return Record(tuple(cells[: named + 1]), tuple(rest))


def _bands(table: Table, widths: Sequence[int], width: int) -> Iterator[Table]:
    """The first column again and again, each time with as many of the others as fit."""
    each = max(widths[1:], default=0) + COLUMN_GAP
    some = max(1, (width - widths[0] - EDGES) // each)
    for start in range(1, len(widths), some):
        chosen = range(start, min(start + some, len(widths)))
        yield replace(
            table,
            columns=(table.columns[0], *(table.columns[index] for index in chosen)),
            rows=[(row[0], *(row[index] for index in chosen)) for row in table.rows],
            title=table.title if start == 1 else "",
        )


def _broken(text: str, first: int, width: int) -> Iterator[str]:
    line = ""
    room = first
    for word in text.split(" "):
        if line and cell_len(line) + 1 + cell_len(word) > room:
            yield line
            line, room = word, width
        else:
            line = f"{line} {word}" if line else word
    yield line


def _cell(cell: str | Cell) -> Cell:
    return cell if isinstance(cell, Cell) else Cell(cell)
