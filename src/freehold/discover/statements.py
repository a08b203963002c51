"""SQL scripts cut into statements while they stream by: COPY data and INSERTs pass without being kept."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

_LINE_BYTES_MAX = 1 << 20
_STATEMENT_CHARS_MAX = 1 << 18
_STOP = re.compile(r"'|\"|\$(?:[A-Za-z_]\w*)?\$|--|/\*|;|\\[a-z]+\b")
_LEFT_OUT = re.compile(r"\s*(INSERT\s+INTO\s+\S+\s*(\([^)]*\)\s*)?VALUES|COMMENT\s+ON|REPLACE\s+INTO)\b", re.IGNORECASE)
_COPY = re.compile(r"\s*COPY\s.*\bFROM\s+STDIN\b", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement and the line it begins on; ``meta`` is a psql command such as ``\\c orders`` instead."""

    text: str
    line: int
    meta: bool = False


def lines(chunks: Iterable[bytes]) -> Iterator[str]:
    """The lines of a file that comes in pieces; a line without end is cut."""
    rest = b""
    for chunk in chunks:
        *whole, rest = (rest + chunk).split(b"\n")
        for line in whole:
            yield line.decode("utf-8", "replace").rstrip("\r")
        if len(rest) > _LINE_BYTES_MAX:
            yield rest[:_LINE_BYTES_MAX].decode("utf-8", "replace")
            rest = b""
    if rest:
        yield rest.decode("utf-8", "replace").rstrip("\r")


class Cutter:
    """The state between two lines: which quote is open, and what of the statement is kept."""

    def __init__(self) -> None:
        self._kept: list[str] = []
        self._chars = 0
        self._line = 0
        self._quote = ""
        self._comment = 0
        self._data = False
        self._left_out = False

    def feed(self, line: str, number: int) -> Iterator[Statement]:
        """The statements that end on this line."""
        if self._data:
            self._data = line != "\\."
            return
        if not self._kept and not self._quote and not self._comment and line.lstrip().startswith("\\"):
            yield Statement(line.strip(), number, meta=True)
            return
        at = 0
        begin = 0
        while at < len(line):
            if self._quote or self._comment:
                at = self._inside(line, at)
                continue
            match = _STOP.search(line, at)
            if match is None:
                break
            at = match.end()
            if match[0] == "--":
                self._keep(line[begin : match.start()], number)
                begin = len(line)
                break
            if match[0] == "/*":
                self._comment = 1
            elif match[0] == ";" or match[0] in ("\\gexec", "\\g", "\\gset"):
                self._keep(line[begin:at], number)
                begin = at
                yield from self._end()
            elif match[0][0] != "\\":
                self._quote = match[0]
        self._keep(line[begin:] + "\n", number)

    def end(self) -> Iterator[Statement]:
        """What stands behind the last semicolon."""
        yield from self._end()

    def _inside(self, line: str, at: int) -> int:
        if self._comment:
            match = re.compile(r"\*/|/\*").search(line, at)
            if match is None:
                return len(line)
            self._comment += 1 if match[0] == "/*" else -1
            return match.end()
        end = line.find(self._quote, at)
        if end < 0:
            return len(line)
        at = end + len(self._quote)
        self._quote = ""
        return at

    def _keep(self, text: str, number: int) -> None:
        if not self._kept:
            if not text.strip():
                return
            self._line = number
            self._left_out = bool(_LEFT_OUT.match(text))
        if self._chars < _STATEMENT_CHARS_MAX and not (self._left_out and self._chars):
            self._kept.append(text)
            self._chars += len(text)

    def _end(self) -> Iterator[Statement]:
        text = "".join(self._kept).strip()
        whole = self._chars < _STATEMENT_CHARS_MAX
        self._kept, self._chars = [], 0
        if text and not self._left_out and whole:
            yield Statement(text, self._line)
            self._data = bool(_COPY.match(text)) and text.endswith(";")


def statements(text_lines: Iterable[str]) -> Iterator[Statement]:
    """The statements of a script in order, with psql's commands between them."""
    cutter = Cutter()
    number = 0
    for number, line in enumerate(text_lines, 1):
        yield from cutter.feed(line, number)
    yield from cutter.end()
