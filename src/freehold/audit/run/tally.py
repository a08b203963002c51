"""Counts what was read, for whoever watches."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from freehold.audit.merge import Block
from freehold.ports import Progress


@dataclass
class Tally:
    """``total`` is the servers' own estimate of the rows of all tables, so ``done`` may pass it."""

    progress: Progress
    total: int
    done: int = 0

    def add(self, what: str, count: int) -> None:
        self.done += count
        self.progress.event(what, self.done, max(self.total, self.done))

    def watched(self, what: str, blocks: Iterator[Block], counted: list[int]) -> Iterator[Block]:
        """The blocks, counted as they pass; ``counted[0]`` is their keys."""
        for block in blocks:
            counted[0] += len(block)
            self.add(what, len(block))
            yield block
