"""The merge of two ordered streams: exact for any keys and blocks, and blind for no wrong order."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freehold.audit import merge
from freehold.audit.merge import Block, OutOfOrder, absent
from freehold.audit.model import Key

numbers = st.integers(-50, 50)
letters = st.binary(max_size=2)
keys = st.one_of(st.lists(st.tuples(numbers)), st.lists(st.tuples(letters)), st.lists(st.tuples(numbers, letters)))


def cut(some: Sequence[Key], sizes: Sequence[int]) -> Iterator[Block]:
    """The keys in blocks of these sizes, over and over; empty blocks among them."""
    start, at = 0, 0
    while start < len(some):
        size = sizes[at % len(sizes)] if sizes else 1
        yield list(some[start : start + size])
        start, at = start + size, at + 1
        if size == 0 and at > len(sizes):
            start += 1


def lost(children: Iterator[Block], parents: Iterator[Block]) -> list[Key]:
    return [key for block in absent(children, parents) for key in block]


@given(st.data(), st.lists(st.integers(1, 4), min_size=1), st.lists(st.integers(1, 4), min_size=1))
def test_what_is_absent_is_the_difference_in_order(data: st.DataObject, one: list[int], other: list[int]) -> None:
    children: list[Key] = data.draw(keys)  # type: ignore[assignment]  # one of three shapes
    kind = type(children[0][0]) if children else int
    parents = [key for key in data.draw(keys) if [type(part) for part in key][:1] == [kind]]
    parents = [key for key in parents if not children or len(key) == len(children[0])]
    expected = sorted(set(children) - set(parents))

    found = lost(cut(sorted(set(children)), one), cut(sorted(parents), other))

    assert found == expected


@given(st.lists(numbers, min_size=2, max_size=30), st.lists(st.integers(1, 4), min_size=1))
def test_children_out_of_order_or_twice_end_the_merge(some: list[int], sizes: list[int]) -> None:
    rows: list[Key] = [(one,) for one in some]
    if rows == sorted(set(rows)):
        rows.append(rows[0])
    with pytest.raises(OutOfOrder, match="child"):
        lost(cut(rows, sizes), cut([(100,)], [1]))


@given(st.lists(numbers, min_size=2, max_size=30), st.lists(st.integers(1, 4), min_size=1))
def test_parents_out_of_order_end_the_merge(some: list[int], sizes: list[int]) -> None:
    rows: list[Key] = [(one,) for one in some]
    if rows == sorted(rows):
        rows = [*rows, (rows[0][0] - 1,)]
    with pytest.raises(OutOfOrder, match="parent"):
        lost(cut([(1000,)], [1]), cut(rows, sizes))


def test_parents_are_read_no_further_than_the_children_go() -> None:
    read: list[Key] = []

    def endless() -> Iterator[Block]:
        number = 0
        while True:
            number += 1
            read.append((number,))
            yield [(number,)]

    assert lost(iter([[(0,), (2,)], [(5,)]]), endless()) == [(0,)]
    assert read == [(1,), (2,), (3,), (4,), (5,)]


# the negative control: each of these breaks the merge in one place, and random streams must notice
MUTANTS = {
    "never watches the order": ("raise OutOfOrder(", "(lambda *_: None)("),
    "watches inside blocks only": ("before(last, block[0])", "True"),
    "watches between blocks only": ("all(map(before, block, islice(block, 1, None)))", "True"),
    "lets a child come twice": ("_ordered(children, lt,", "_ordered(children, le,"),
    "forgets the children after the last parent": ("lost += block[start:]", "pass"),
    "takes the end of a block for its start": ("known[-1] >= block[start]", "known[0] >= block[start]"),
    "skips a child at the edge of a block": ("bisect_right(block, known[-1], start)", "len(block)"),
    "misses the last parent of a block": ("bisect_right(known, part[-1])", "bisect_left(known, part[-1])"),
    "misses the first parent of a block": ("bisect_left(known, part[0])", "bisect_right(known, part[0])"),
    "compares nothing": (".difference(near)", ".difference(part)"),
}


def faults(module: dict[str, Any], trials: int) -> int:
    """How often a merge answers otherwise than it must, over random streams, some of them out of order."""
    dice = random.Random(20260101)
    wrong = 0
    for _ in range(trials):
        children: list[Key] = sorted({(dice.randrange(40),) for _ in range(dice.randrange(20))})
        parents: list[Key] = sorted((dice.randrange(40),) for _ in range(dice.randrange(20)))
        expected: list[Key] | None = sorted(set(children) - set(parents))
        spoilt = dice.choice((None, None, children, parents))
        if spoilt and len(spoilt) > 1:
            spoilt.insert(dice.randrange(len(spoilt) - 1) + 1, spoilt[-1])
            if spoilt is children or spoilt != sorted(spoilt):
                expected = None
            if spoilt is parents:
                children.append((1000,))
        streams = [cut(keys, [dice.randrange(1, 5)]) for keys in (children, parents)]
        try:
            found = [key for block in module["absent"](*streams) for key in block]
        except module["OutOfOrder"]:
            found = None
        wrong += found != (None if expected is None else sorted(set(children) - set(parents)))
    return wrong


def test_random_streams_find_no_fault() -> None:
    assert faults(vars(merge), 2000) == 0


@pytest.mark.parametrize("what", MUTANTS)
def test_a_broken_merge_is_noticed(what: str) -> None:
    before, after = MUTANTS[what]
    source = Path(merge.__file__).read_text(encoding="utf-8")
    assert source.count(before) == 1, before
    broken: dict[str, Any] = {}
    exec(compile(source.replace(before, after), "mutant", "exec"), broken)

    assert faults(broken, 2000) > 0
