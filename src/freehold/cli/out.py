"""The one vocabulary in which commands answer, and the writers that turn an answer into text or JSON."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from freehold.cli.redact import redacted
from freehold.local.clock import SystemClock

if TYPE_CHECKING:
    from freehold.errors import Complaint, FreeholdError
    from freehold.finding import JsonObject

SCHEMA_VERSION = 1


class Tone(StrEnum):
    """What a piece of text means; the terminal chooses the colour. A symbol always says the same as the colour."""

    PLAIN = "plain"
    STRONG = "strong"
    DIM = "dim"
    GOOD = "good"
    BAD = "bad"
    WARN = "warn"


@dataclass(frozen=True, slots=True)
class Cell:
    """A piece of text with its meaning."""

    text: str
    tone: Tone = Tone.PLAIN


@dataclass(frozen=True, slots=True)
class Say:
    """One line."""

    text: str
    tone: Tone = Tone.PLAIN


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under a title; ``columns`` may be empty for plain facts, ``numbers`` are right-aligned columns."""

    columns: tuple[str, ...]
    rows: Sequence[tuple[str | Cell, ...]]
    title: str = ""
    numbers: frozenset[int] = frozenset()
    tight: bool = False


@dataclass(frozen=True, slots=True)
class Script:
    """SQL or another text whose line breaks count; it can be copied as it stands."""

    text: str


@dataclass(frozen=True, slots=True)
class Remark:
    """One finding: a mark, its title, where, the detail, evidence and the remedy."""

    tone: Tone
    title: str
    detail: str = ""
    evidence: tuple[str, ...] = ()
    remedy: str = ""


Block = Say | Table | Script | Remark


@dataclass(frozen=True, slots=True)
class Result:
    """What a command answers: the document for programs, the blocks for people, the exit code and the next command.

    ``raw`` replaces the blocks when the answer is meant for another program as it stands (`psql "$(...)"`); it is
    written as it is. ``shows_secrets`` is for an answer that was asked for its secrets.
    """

    document: JsonObject = field(default_factory=dict)
    blocks: tuple[Block, ...] = ()
    exit: int = 0
    next: str = ""
    raw: str | None = None
    shows_secrets: bool = False


def printable(text: str, *, lines: bool = False) -> str:
    """``text`` with control and formatting characters as ``\\x1b`` or ``\\u202e``; line breaks stay with ``lines``."""
    return "".join(
        c
        if c.isprintable() or (lines and c in "\n\t")
        else (f"\\x{ord(c):02x}" if ord(c) < 0x100 else f"\\u{ord(c):04x}")
        for c in text
    )


def colourful(stream: object) -> bool:
    """Whether ANSI colour is welcome on a stream: a terminal, not dumb, NO_COLOR unset (or FORCE_COLOR set)."""
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return bool(getattr(stream, "isatty", lambda: False)()) and os.environ.get("TERM") != "dumb"


class Out:
    """Writes one command's answer: data on stdout, everything else on stderr."""

    def __init__(self, command: str, *, as_json: bool) -> None:
        self.command = command
        self.as_json = as_json
        self.streams = False
        """Whether --json prints a line for each thing that happens, the answer as the last of them."""
        self._reader_left = False

    def note(self, text: str, tone: Tone = Tone.DIM) -> None:
        """A message on stderr while the command runs."""
        self._stderr(text, tone)

    def warn(self, text: str) -> None:
        """A warning on stderr, on one line whatever names it holds."""
        self._stderr(f"warning: {printable(text)}", Tone.WARN)

    def answer(self, result: Result) -> None:
        """The result, once, at the end."""
        if self.as_json:
            ok = result.exit == 0
            self._json({"ok": ok, **result.document}, result.exit, shows_secrets=result.shows_secrets)
            return
        if result.raw is not None:
            sys.stdout.write(result.raw if result.shows_secrets else redacted(result.raw))
        else:
            from freehold.cli.terminal import write

            write(result.blocks, sys.stdout)
        sys.stdout.flush()
        if result.next:
            self._stderr(f"next: {result.next}", Tone.DIM)

    def failure(self, error: FreeholdError) -> None:
        """An error the user can act on; with --json it is a document too."""
        from freehold.errors import ApplyFailed, DeclarationError

        complaints = error.complaints if isinstance(error, DeclarationError) else ()
        if self.as_json:
            details: JsonObject = {"kind": type(error).__name__, "message": error.message, "hint": error.hint}
            if complaints:
                details["complaints"] = [complaint_json(complaint) for complaint in complaints]
            if isinstance(error, ApplyFailed):
                details["done"] = list(error.done)
                details["left"] = list(error.left)
            self._json({"ok": False, "error": details}, error.exit_status)
        for complaint in complaints:
            self.complain(complaint)
        self._stderr(f"error: {error.message}", Tone.BAD)
        if error.hint:
            self._stderr(f"  {error.hint}", Tone.PLAIN)

    def complain(self, complaint: Complaint) -> None:
        """One complaint as ``file:line:column: message``, the offending text, and what to do."""
        tone = Tone.BAD if complaint.level == "error" else Tone.WARN
        self._stderr(str(complaint) + f" [{complaint.code}]", tone)
        if complaint.text:
            self._stderr(f"    {complaint.text}", Tone.STRONG)
        if complaint.hint:
            self._stderr(f"  {complaint.hint}", Tone.PLAIN)

    def line(self, document: JsonObject) -> None:
        """One line of the stream, at once. What is told goes on being done when nobody reads it any more."""
        full: object = {"schema_version": SCHEMA_VERSION, "command": self.command, **document}
        left = memoryview(json.dumps(_clean(full), ensure_ascii=False).encode("utf-8", "backslashreplace") + b"\n")
        try:
            while left and not self._reader_left:
                left = left[os.write(1, left) :]
        except OSError as error:
            self._reader_left = True
            self.warn(f"nobody reads the events any more ({(error.strerror or str(error)).lower()}); the work goes on")

    def _json(self, document: JsonObject, status: int, *, shows_secrets: bool = False) -> None:
        if self.streams:
            self.line({"event": "result", "at": SystemClock().stamp(), "exit": status, **document})
            return
        full: object = {"schema_version": SCHEMA_VERSION, "command": self.command, **document}
        # values are redacted one by one: the escapes of JSON could hide a secret from a search over the text
        sys.stdout.write(json.dumps(full if shows_secrets else _clean(full), ensure_ascii=False, indent=2) + "\n")
        sys.stdout.flush()

    def _stderr(self, text: str, tone: Tone) -> None:
        safe = printable(redacted(text), lines=True)
        code = _ANSI[tone] if colourful(sys.stderr) else ""
        sys.stderr.write(f"{code}{safe}\x1b[0m\n" if code else f"{safe}\n")
        sys.stderr.flush()


_ANSI = {
    Tone.PLAIN: "",
    Tone.STRONG: "\x1b[1m",
    Tone.DIM: "\x1b[2m",
    Tone.GOOD: "\x1b[32m",
    Tone.BAD: "\x1b[31m",
    Tone.WARN: "\x1b[33m",
}


def complaint_json(complaint: Complaint) -> JsonObject:
    """A complaint with the keys of the published schema."""
    return {
        "file": complaint.file,
        "line": complaint.line,
        "column": complaint.column,
        "code": complaint.code,
        "level": complaint.level,
        "message": complaint.message,
        "text": complaint.text,
        "hint": complaint.hint,
    }


def _clean(value: object) -> object:
    match value:
        case str():
            return redacted(value)
        case dict():
            return {str(key): _clean(item) for key, item in value.items()}
        case list() | tuple():
            return [_clean(item) for item in value]
        case _:
            return value
