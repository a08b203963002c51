"""Pairs of services for the tests of references."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from freehold.ports import Address
from support.fixtures import Clusters
from support.references import Pair


@pytest.fixture
def pair(server: Address) -> Iterator[Pair]:
    """Two databases on one server, on each version."""
    made = Pair(server, server).make()
    yield made
    made.close()


@pytest.fixture
def pair18(server18: Address) -> Iterator[Pair]:
    """Two databases on one server of 18: for what no version changes."""
    made = Pair(server18, server18).make()
    yield made
    made.close()


@pytest.fixture
def across(server18: Address, server15: Address, clusters: Clusters) -> Iterator[Callable[..., Pair]]:
    """(newer) -> two databases on two servers: the child on 15 and the parent on 18, or with ``newer`` the reverse."""
    pairs: list[Pair] = []

    def make(*, newer: bool = False, **options: object) -> Pair:
        ends = (server18, server15) if newer else (server15, server18)
        pairs.append(Pair(*ends, **options).make())  # type: ignore[arg-type]  # options are passed on
        return pairs[-1]

    yield make
    for one in pairs:
        one.close()
