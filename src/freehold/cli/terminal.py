"""Writes the blocks of an answer for a person, with rich; nothing in a name is ever read as markup."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import IO, assert_never

from rich import box
from rich.console import Console
from rich.padding import Padding
from rich.table import Table as RichTable
from rich.text import Text

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

WIDTH_OFF_TERMINAL = 160
"""Columns when no terminal says how wide it is: wide enough that a URL is not cut."""


def write(blocks: Iterable[Block], stream: IO[str]) -> None:
    """Write the blocks to a stream."""
    terminal = stream.isatty()
    width = None if terminal else int(os.environ.get("COLUMNS") or WIDTH_OFF_TERMINAL)
    console = Console(file=stream, markup=False, highlight=False, emoji=False, width=width, soft_wrap=False)
    for block in blocks:
        match block:
            case Say():
                console.print(_text(block.text, block.tone), soft_wrap=True)
            case Table():
                console.print(_table(block))
            case Script():
                # written as it is: a script must survive being copied
                stream.write(printable(redacted(block.text), lines=True).rstrip("\n") + "\n")
            case Remark():
                _remark(console, block)
            case _:
                assert_never(block)


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
        )
    for row in block.rows:
        table.add_row(*(_text(c.text, c.tone) if isinstance(c, Cell) else _text(c, Tone.PLAIN) for c in row))
    return table


def _remark(console: Console, block: Remark) -> None:
    console.print(_text(f"{_MARK[block.tone]} {block.title}", block.tone), soft_wrap=True)
    if block.detail:
        console.print(Padding(_text(block.detail, Tone.PLAIN, lines=True), (0, 0, 0, 4)))
    for line in block.evidence:
        console.print(Padding(_text(line, Tone.DIM, lines=True), (0, 0, 0, 4)))
    if block.remedy:
        console.print(Padding(_text(f"remedy: {block.remedy}", Tone.STRONG, lines=True), (0, 0, 0, 4)))
