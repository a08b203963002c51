"""How well two groupings of the same things agree: the adjusted Rand index, and precision and recall over pairs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping
from itertools import combinations
from math import comb
from typing import TypeVar

Thing = TypeVar("Thing", bound=Hashable)


def adjusted_rand(truth: Mapping[Thing, str], found: Mapping[Thing, str]) -> float:
    """1 for the same grouping, about 0 for one made by chance, below 0 for worse than chance."""
    things = sorted(truth, key=str)
    together = sum(comb(n, 2) for n in Counter((truth[thing], found[thing]) for thing in things).values())
    first = sum(comb(n, 2) for n in Counter(truth[thing] for thing in things).values())
    second = sum(comb(n, 2) for n in Counter(found[thing] for thing in things).values())
    expected = first * second / comb(len(things), 2)
    most = (first + second) / 2
    return 1.0 if most == expected else (together - expected) / (most - expected)


def pairs(truth: Mapping[Thing, str], found: Mapping[Thing, str]) -> tuple[float, float, float]:
    """Precision, recall and F1 of "these two belong together"."""
    right = wrong = missed = 0
    for a, b in combinations(sorted(truth, key=str), 2):
        same, said = truth[a] == truth[b], found[a] == found[b]
        right += same and said
        wrong += said and not same
        missed += same and not said
    precision = right / (right + wrong) if right + wrong else 1.0
    recall = right / (right + missed) if right + missed else 1.0
    return precision, recall, 2 * precision * recall / (precision + recall) if precision + recall else 0.0
