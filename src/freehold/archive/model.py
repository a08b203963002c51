"""The nouns of an archive: what shall be moved and why, what refers to it, and the manifest of one run."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum


class State(StrEnum):
    """How far a run is; a manifest that says neither DONE nor nothing at all is of a run that was cut off."""

    STARTED = "started"
    DONE = "done"
    UNDOING = "undoing"


@dataclass(frozen=True, slots=True, order=True)
class Wish:
    """A file that shall go, by its path below the root with ``/`` between its parts, and the reason."""

    path: str
    why: str
    code: str = ""


@dataclass(frozen=True, slots=True, order=True)
class Moved:
    """One file of a run: where it was, where it is, and its SHA-256."""

    path: str
    to: str
    sha256: str
    why: str
    code: str
    tracked: bool


@dataclass(frozen=True, slots=True, order=True)
class Edited:
    """One file in which references were rewritten. ``kept`` is where its bytes from before lie."""

    path: str
    kept: str
    before: str
    after: str


@dataclass(frozen=True, slots=True, order=True)
class Reference:
    """A place that names an archived file. ``new`` is empty where it cannot be rewritten, and ``why`` says so.

    ``start`` and ``end`` are offsets into the text; ``line`` counts from 1.
    """

    file: str
    line: int
    start: int
    end: int
    old: str
    new: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What one run did, in the order in which it does it. ``when`` is ISO time in UTC."""

    when: str
    state: State
    moved: tuple[Moved, ...]
    edited: tuple[Edited, ...]

    def at(self, state: State) -> Manifest:
        """The same run, further on."""
        return replace(self, state=state)
