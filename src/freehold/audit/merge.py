"""Which keys of one ordered stream another one lacks, holding one block of each.

The answer is right only if both servers order alike, so both streams are watched: the child's keys rise strictly
(each comes once), the parent's never fall. A stream that does otherwise ends the merge; a wrong order can make the
audit fail, and never make it blind.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from operator import le, lt

from freehold.audit.model import Key

Block = list[Key]


class OutOfOrder(Exception):
    """A server sent keys in an order that is not the one asked for. The message says which side."""


def absent(children: Iterable[Block], parents: Iterable[Block]) -> Iterator[Block]:
    """For each block of ``children`` those of its keys that ``parents`` lacks, in order.

    Parents are read only as far as the children go. Raises OutOfOrder.
    """
    rest = _ordered(parents, le, "parent")
    known: Block = []
    for block in _ordered(children, lt, "child"):
        lost: Block = []
        start = 0
        while start < len(block):
            if known and known[-1] >= block[start]:
                stop = bisect_right(block, known[-1], start)
                part = block[start:stop]
                near = known[bisect_left(known, part[0]) : bisect_right(known, part[-1])]
                lost += sorted(set(part).difference(near))
                start = stop
            elif (following := next(rest, None)) is not None:
                known = following
            else:
                lost += block[start:]
                break
        yield lost


def _ordered(blocks: Iterable[Block], before: Callable[[Key, Key], bool], side: str) -> Iterator[Block]:
    """The blocks that are not empty, as long as each key stands ``before`` the next one."""
    last: Key | None = None
    for block in blocks:
        if not block:
            continue
        if (last is not None and not before(last, block[0])) or not all(map(before, block, islice(block, 1, None))):
            raise OutOfOrder(f"the keys of the {side} did not come in order")
        last = block[-1]
        yield block
