"""How many rows of another table a row may refer to, so that it refers to the same one whatever is appended later."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence

from freehold.seed.model import Size

Pick = Callable[[Sequence[int]], list[int]]


def reach(own: Size, other: Size) -> Callable[[int], int]:
    """The number of rows of ``other`` that a row of ``own`` may refer to.

    Rows of the first load refer to rows of the first load. Of those that are appended each fifth more may refer to a
    fifth more of the other table, one such step behind: by then they are there when both tables grow alike. It depends
    on the first loads alone, but for a table that does not grow.
    """
    first, least = max(1, own.base), max(1, other.base)
    edges, counts, up, down = [first], [least, least], 5, 4
    while edges[-1] < own.total:
        edges.append(max(edges[-1] + 1, first * up // down))
        counts.append(min(max(1, other.total), least * up // down))
        up, down = up * 5, down * 4
    return lambda row: counts[bisect_right(edges, row)]


def staged(own: Size, other: Size, make: Callable[[int], Pick]) -> Pick:
    """What ``make`` picks of as many rows as each row may refer to."""
    count = reach(own, other)
    made = {count(0): make(count(0))}
    if own.total <= own.base:
        return made[count(0)]

    def pick(rows: Sequence[int]) -> list[int]:
        found = [0] * len(rows)
        alike: dict[int, list[int]] = {}
        for at, row in enumerate(rows):
            alike.setdefault(count(row), []).append(at)
        for number, places in alike.items():
            if number not in made:
                made[number] = make(number)
            for at, picked in zip(places, made[number]([rows[at] for at in places]), strict=True):
                found[at] = picked
        return found

    return pick
