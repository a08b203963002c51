"""What is still to be compared after a round, and what a stream of changes makes of it.

A round compares under two snapshots, one of each side, that differ by the transactions between the moment of the first
and a barrier. The rows those touched are dirty: they are left out, and compared in the next round instead. So every row
is compared once, at a moment when both snapshots must show the same of it.

A row that differs is compared again in the next round before it is believed to differ.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from freehold.move.verify.changes import Touched, Transaction
from freehold.move.verify.chunks import Chunk, Shape, of_keys
from freehold.move.verify.compare import Difference
from freehold.move.verify.model import Key, Kind

DOUBTS = 10_000
"""Rows of a table that are compared a second time before they count as different; a table with more is taken so."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Which transactions a snapshot sees, as pg_current_snapshot tells it."""

    xmax: int
    running: frozenset[int]

    def sees(self, xid: int) -> bool:
        """Whether it sees a transaction that has committed; ``xid`` are its lower 32 bits."""
        whole = (self.xmax & ~0xFFFFFFFF) | xid
        if whole - self.xmax > 1 << 31:
            whole -= 1 << 32
        elif self.xmax - whole > 1 << 31:
            whole += 1 << 32
        return whole < self.xmax and whole not in self.running


def snapshot(text: str) -> Snapshot:
    """From ``xmin:xmax:xip,xip``."""
    _, xmax, running = text.split(":")
    return Snapshot(int(xmax), frozenset(int(one) for one in running.split(",") if one))


def split(
    transactions: Iterable[Transaction], seen: Snapshot, past: Touched, *, follow: bool = True
) -> list[Transaction]:
    """Put into ``past`` what transactions that ``seen`` sees have touched (without ``follow``, only which tables they
    emptied); the others are handed back: their rows must be left out, until a snapshot sees them."""
    unseen = []
    for one in transactions:
        if not seen.sees(one.xid):
            unseen.append(one)
        elif follow:
            past.add(one.touched)
        else:
            past.whole |= one.touched.whole
    return unseen


@dataclass(slots=True)
class Left:
    """What is still to be compared of one table: pieces, and single rows. ``doubts`` are the rows that differed in
    the last round, and how; ``differences`` those that differed again."""

    shape: Shape
    chunks: list[Chunk] = field(default_factory=list)
    keys: set[Key] = field(default_factory=set)
    doubts: dict[Key, list[Difference]] = field(default_factory=dict)
    differences: list[Difference] = field(default_factory=list)
    healed: int = 0

    @property
    def empty(self) -> bool:
        return not self.chunks and not self.keys


@dataclass(frozen=True, slots=True)
class Work:
    """What one round compares of one table: these pieces, without the dirty rows."""

    left: Left
    chunks: tuple[Chunk, ...]
    keys: tuple[Chunk, ...]
    without: frozenset[Key]


def begin(left: Left, dirty: frozenset[Key], meets: Collection[Key], *, whole: bool) -> Work:
    """The work of a round on a table: ``meets`` are those of its rows that are dirty.

    What is left of it afterwards is already noted in ``left``: the dirty rows, and the pieces that the round hands
    back to it with ``unfinished``."""
    if whole:
        return Work(left, (), (), frozenset())
    chunks, keys = tuple(left.chunks), left.keys
    left.chunks = []
    left.keys = set(meets) | (set(dirty) if chunks else set())
    return Work(left, chunks, of_keys(left.shape, keys - set(meets)), dirty if chunks else frozenset())


def unfinished(left: Left, chunk: Chunk) -> None:
    """A piece that the round had no time for."""
    if chunk.keys is None:
        left.chunks.append(chunk)
    else:
        left.keys.update(chunk.keys)


def finish(left: Left, found: Iterable[Difference], compared: frozenset[Key], *, confirm: bool = True) -> None:
    """Take in what differed in a round. ``compared`` are the rows that it compared singly: of those, what was in doubt
    before is decided now."""
    before = left.doubts
    left.doubts = {key: doubt for key, doubt in before.items() if key not in compared}
    fresh: dict[Key, list[Difference]] = {}
    for one in found:
        fresh.setdefault(one.key, []).append(one)
    for key in before.keys() - left.doubts.keys():
        if key not in fresh:
            left.healed += 1
    for key, differing in fresh.items():
        if key in before or not confirm or len(left.doubts) >= DOUBTS:
            left.differences += differing
        else:
            left.doubts[key] = differing
    left.keys.update(left.doubts)


def numbers(differences: Iterable[Difference]) -> Mapping[Kind, int]:
    """How many rows are wrong in each way."""
    found = dict.fromkeys(Kind, 0)
    for one in differences:
        found[one.kind] += one.count
    return found


def chance(coverage: float, rows: int) -> float:
    """How likely a sample that covers this part of all rows sees at least one of so many damaged ones, where they lie
    anywhere."""
    return 1.0 - (1.0 - min(1.0, coverage)) ** rows
