"""A reader: which files it wants, and what stands in them. Pure; it never fails on what a file holds."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from posixpath import basename, dirname

from freehold import family
from freehold.discover.facts import Fact, Unreadable
from freehold.discover.model import Evidence

_EXPORTED = re.compile(rb"\A\S{1,4} written by Freehold \([0-9a-f]{16}\): ")
"""How a file begins that Freehold exported: nobody fills anything in there."""
BYTES_MAX = 4_000_000
"""A file of configuration beyond this is not one; only readers that stream take more."""


@dataclass(frozen=True, slots=True)
class Source:
    """A file: its path below the root with ``/``, its size, and its content in pieces, read when asked for."""

    path: str
    size: int
    chunks: Callable[[], Iterable[bytes]] = field(repr=False)
    _told: list[bool] = field(default_factory=list, repr=False, compare=False)

    @property
    def name(self) -> str:
        return basename(self.path)

    @property
    def folder(self) -> str:
        return dirname(self.path)

    def text(self) -> str:
        """All of it as text; what is no UTF-8 becomes U+FFFD, so that lines keep their numbers."""
        return b"".join(self.chunks()).decode("utf-8", "replace").removeprefix("\ufeff")

    def held(self) -> Source:
        """The same with its content in memory, for several readers of one file."""
        content = b"".join(self.chunks())
        return Source(self.path, len(content), lambda: (content,))

    def at(self, line: int, text: str, confidence: float = 1.0) -> Evidence:
        return Evidence(self.path, line, " ".join(text.split())[:400], confidence, self.exported)

    @property
    def exported(self) -> bool:
        """Whether Freehold wrote the file."""
        if not self._told:
            self._told.append(bool(_EXPORTED.match(next(iter(self.chunks()), b""))))
        return self._told[0]


@dataclass(frozen=True, slots=True)
class Reader:
    """A member of the family: ``wants(path)`` looks at the path alone, ``read`` at the content.

    ``streams`` readers take files of any size and must not hold them.
    """

    name: str
    wants: Callable[[str], bool]
    read: Callable[[Source], Iterator[Fact]]
    streams: bool = False

    def facts(self, source: Source) -> Iterator[Fact]:
        """What ``read`` finds; a file that it stumbles over becomes a fact of its own."""
        if not self.streams and source.size > BYTES_MAX:
            yield Unreadable(source.at(1, ""), f"it has {source.size} bytes, more than a file of this kind")
            return
        try:
            yield from self.read(source)
        except (ValueError, KeyError, IndexError, AttributeError, TypeError, RecursionError, MemoryError) as error:
            # the last net: hostile files have more shapes than a reader foresees
            yield Unreadable(source.at(1, ""), f"its reader {self.name} stumbled: {type(error).__name__}")


def reader(
    wants: Callable[[str], bool], *, streams: bool = False
) -> Callable[[Callable[[Source], Iterator[Fact]]], Reader]:
    """Make a reader of a function; the function's name is the reader's."""

    def made(read: Callable[[Source], Iterator[Fact]]) -> Reader:
        return Reader(read.__name__, wants, read, streams)

    return made


def members() -> Mapping[str, Reader]:
    """Every reader by name."""
    return family.members("freehold.discover.readers", Reader)
