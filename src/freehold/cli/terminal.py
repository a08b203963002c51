"""Writes the blocks of an answer for a person, with rich; nothing in a name is ever read as markup."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from typing import IO, assert_never

from rich import box
from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

from freehold.cli.fitting import GAP, Record, fitted, lines
from freehold.cli.out import Block, Cell, Remark, Say, Script, Table, Tone, printable
from freehold.cli.redact import redacted

_STYLE = {
    Tone.PLAIN: "",
    Tone.STRONG: "bold",
    Tone.DIM: "dim",
    Tone.GOOD: "green",
    Tone.BAD: "bold red",
    Tone.WARN: "yellow",
}
_MARK = {Tone.GOOD: "✓", Tone.BAD: "✗", Tone.WARN: "!", Tone.DIM: "·", Tone.PLAIN: "·", Tone.STRONG: "·"}

WIDTH_OFF_TERMINAL = 4096
"""Columns when no terminal says how wide it is: nothing is folded, tables take what they need."""

INDENT = "    "


def write(blocks: Iterable[Block], stream: IO[str]) -> None:
    """Write the blocks to a stream."""
    terminal = stream.isatty()
    console = Console(
        file=stream,
        markup=False,
        highlight=False,
        emoji=False,
        width=None if terminal else WIDTH_OFF_TERMINAL,
        no_color=True if os.environ.get("NO_COLOR") else None,
    )
    for block in blocks:
        match block:
            case Say():
                console.print(_text(block.text, block.tone), soft_wrap=True)
            case Table():
                _print_fitted(console, block)
            case Script():
                # written as it is: a script must survive being copied
                stream.write(printable(redacted(block.text), lines=True).rstrip("\n") + "\n")
            case Remark():
                _remark(console, block)
            case _:
                assert_never(block)


def write_to_stderr(blocks: Iterable[Block]) -> None:
    """Write the blocks for a person who is about to be asked something."""
    write(blocks, sys.stderr)


def _text(text: str, tone: Tone, *, lines: bool = False) -> Text:
    return Text(printable(redacted(text), lines=lines), style=_STYLE[tone], overflow="fold")


def _table(block: Table) -> RichTable:
    table = RichTable(
        box=box.SIMPLE_HEAD if block.columns else None,
        show_header=bool(block.columns),
        title=_text(block.title, Tone.STRONG) if block.title else None,
        title_justify="left",
        header_style="dim",
        pad_edge=False,
        padding=(0, 1) if block.tight else (0, 2, 0, 0),
    )
    count = len(block.columns) or max((len(row) for row in block.rows), default=0)
    for index in range(count):
        header = _text(block.columns[index], Tone.DIM) if block.columns else ""
        table.add_column(
            header,
            justify="right" if index in block.numbers else "center" if block.tight and index else "left",
            overflow="fold",
            # names in the first column are what one looks for
            no_wrap=index == 0,
        )
    for row in block.rows:
        table.add_row(*(_text(c.text, c.tone) if isinstance(c, Cell) else _text(c, Tone.PLAIN) for c in row))
    return table


def _print_fitted(console: Console, table: Table) -> None:
    records = False
    for part in fitted(table, console.width):
        match part:
            case Table():
                _print_table(console, _table(part))
            case Record():
                if not records and table.title:
                    console.print(_text(table.title, Tone.STRONG), soft_wrap=True)
                records = True
                _print_record(console, part)
    if records:
        console.file.write("\n")


def _print_record(console: Console, record: Record) -> None:
    console.print(Text(" ").join(_text(cell.text, cell.tone) for cell in record.head), soft_wrap=True)
    for line in lines(record, console.width - len(INDENT)):
        shown = [
            Text.assemble(_text(f"{header} " if header else "", Tone.DIM), _text(cell.text, cell.tone))
            for header, cell in line
        ]
        console.print(Text(INDENT) + Text(" " * GAP).join(shown), soft_wrap=True)


def _print_table(console: Console, table: RichTable) -> None:
    """Print a table without the blanks that fill its last column."""
    with console.capture() as captured:
        console.print(table)
    lines = captured.get().splitlines()
    while lines and not lines[0].strip():
        del lines[0]
    console.file.write("\n".join(line.rstrip() for line in lines).rstrip() + "\n\n")


def _remark(console: Console, block: Remark) -> None:
    console.print(_text(f"{_MARK[block.tone]} {block.title}", block.tone), soft_wrap=True)
    parts = [(block.detail, Tone.PLAIN), *((line, Tone.DIM) for line in block.evidence)]
    if block.remedy:
        parts.append((f"remedy: {block.remedy}", Tone.STRONG))
    for text, tone in parts:
        for line in text.splitlines():
            console.print(_text(INDENT + line, tone), soft_wrap=True)
