"""Every way Freehold can refuse or fail, as one tree of exceptions.

FreeholdError
├── DeclarationError      the declaration is wrong; carries every complaint, not only the first
├── LayoutError           the declaration is well formed but cannot be placed
├── StalePlan             a plan file was made against another state of the servers
├── ServerError           PostgreSQL refused or vanished
│   ├── Unreachable       no server answers there
│   ├── MissingRight      the login lacks a right; says which
│   ├── RowRefused        a row of a COPY breaks a constraint or cannot be read
│   └── TooOld            the server's version is not supported
├── ApplyFailed           a step failed; says what is done and what is left
├── MigrationError        a service migration failed, was edited after it ran, or is out of order
├── LocalStateError       files of the local folder are missing, foreign, or not ours to touch
├── Unverified            two sides of a move could not be compared: nothing is known of them
├── Interrupted           somebody pressed Ctrl-C; says where things stand
└── Busy                  another apply holds the platform's lock
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


class FreeholdError(Exception):
    """A failure the user can act on: printed as ``message`` and ``hint``, never as a traceback.

    ``message`` is lower case without a full stop; ``hint`` is a sentence that says what to do next.
    """

    exit_status: ClassVar[int] = 1

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Complaint:
    """One thing that is wrong in a file: where, what, the offending text, and what to do.

    ``line`` and ``column`` count from 1; ``code`` is the name of the lint or of the reader's rule.
    """

    file: str
    line: int
    column: int
    code: str
    message: str
    text: str
    hint: str
    level: str = "error"

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.message}"


class DeclarationError(FreeholdError):
    """The declaration is wrong; ``complaints`` holds everything found, in file order."""

    def __init__(self, complaints: tuple[Complaint, ...]) -> None:
        count = len(complaints)
        super().__init__(
            f"{count} problem{'s' if count != 1 else ''} in the declaration",
            hint="Correct the lines named above and run `freehold validate`.",
        )
        self.complaints = complaints


class RecipeRefused(DeclarationError):
    """The recipe of rows is wrong, or a server refused a row that was made by it."""

    def __init__(self, complaints: tuple[Complaint, ...]) -> None:
        super().__init__(complaints)
        count = len(complaints)
        self.message = f"{count} problem{'s' if count != 1 else ''} in the recipe"
        self.args = (self.message,)
        self.hint = "Correct the lines named above; docs/seed.md and docs/draws.md say what they may hold."


class LayoutError(FreeholdError):
    """The declaration is well formed but cannot be placed as its layout asks."""


class StalePlan(FreeholdError):
    """The plan file carries the fingerprint of a state that no longer exists, or of another declaration."""


class ServerError(FreeholdError):
    """PostgreSQL refused a statement or a connection; ``sqlstate`` is its code, empty when there is none."""

    def __init__(self, message: str, *, hint: str = "", sqlstate: str = "") -> None:
        super().__init__(message, hint=hint)
        self.sqlstate = sqlstate


class Unreachable(ServerError):
    """No server answers at the declared place."""

    exit_status = 3


class MissingRight(ServerError):
    """The login lacks a right; the message names the right and who can give it."""


class RowRefused(ServerError):
    """The server refused a row that was copied in; every field is what the server said, empty where it said nothing.

    ``context`` names the line of the COPY (``COPY t, line 12, column c``), except for foreign keys, which are only
    checked at the end; ``detail`` and ``context`` may show values of the row.
    """

    def __init__(self, message: str, *, sqlstate: str, column: str, constraint: str, detail: str, context: str) -> None:
        super().__init__(f"{message}: {detail}" if detail else message, sqlstate=sqlstate)
        self.column = column
        self.constraint = constraint
        self.detail = detail
        self.context = context


class TooOld(ServerError):
    """The server is older than PostgreSQL 15."""


class ApplyFailed(FreeholdError):
    """A step failed. ``done`` and ``left`` name the steps before and after it; nothing is half-applied unnamed."""

    exit_status = 3

    def __init__(self, message: str, *, hint: str, done: tuple[str, ...], left: tuple[str, ...]) -> None:
        super().__init__(message, hint=hint)
        self.done = done
        self.left = left


class MigrationError(FreeholdError):
    """A service migration failed, was edited after it ran, or has gone missing."""


class LocalStateError(FreeholdError):
    """Files of the local folder are missing, unreadable, foreign, or shared where they must not be."""


class Unverified(FreeholdError):
    """Two sides of a move could not be compared; the message says why. They may be equal or not."""

    exit_status = 3


class Interrupted(FreeholdError):
    """Somebody pressed Ctrl-C; the message says where things stand, the hint what goes on."""

    exit_status = 130


class Busy(FreeholdError):
    """Another run holds the platform's lock; the message says who, since when."""
