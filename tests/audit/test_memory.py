"""An audit holds the same few blocks whatever the tables hold, and however many orphans there are."""

from __future__ import annotations

import os
import tracemalloc

import pytest

from freehold.audit.run import compare
from support.references import Pair

SMALL, LARGE = (100_000, 1_000_000) if os.environ.get("FREEHOLD_SOAK") == "1" else (20_000, 60_000)


def fill(pair: Pair, keys: int, every: int) -> None:
    """``every`` nth key lacks its parent."""
    pair.child(
        "DROP TABLE IF EXISTS orders.line; CREATE TABLE orders.line (a bigint);"
        f"INSERT INTO orders.line SELECT g FROM generate_series(1, {keys}) g"
    )
    pair.parent(
        "DROP TABLE IF EXISTS users.account; CREATE TABLE users.account (id bigint PRIMARY KEY);"
        f"INSERT INTO users.account SELECT g FROM generate_series(1, {keys}) g WHERE g % {every} <> 0"
    )


def peak_bytes(pair: Pair, keys: int, every: int) -> int:
    fill(pair, keys, every)
    count = 0

    class Counting(list[object]):
        def append(self, item: object) -> None:
            nonlocal count
            count += 1

    pair.sunk = Counting()  # type: ignore[assignment]  # keeps nothing
    tracemalloc.start()
    try:
        checked = pair.checked()
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert (checked.keys, checked.orphans, count) == (keys, keys // every, keys // every)
    return peak


@pytest.mark.parametrize("every", [2, 1000])
def test_memory_does_not_grow_with_the_tables(pair18: Pair, monkeypatch: pytest.MonkeyPatch, every: int) -> None:
    monkeypatch.setattr(compare, "SUSPECTS_HELD", 2_000)
    small, large = (peak_bytes(pair18, keys, every) for keys in (SMALL, LARGE))
    assert large < small * 1.25 + 200_000, (small, large)


def test_an_audit_that_kept_its_suspects_would_be_noticed(pair18: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compare, "SUSPECTS_HELD", 10**9)
    small, large = (peak_bytes(pair18, keys, 2) for keys in (SMALL, LARGE))
    assert large > small * 1.25 + 200_000, (small, large)
