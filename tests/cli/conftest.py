"""Desks for the tests of the command line."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from support.command import Desk, desk


@pytest.fixture
def bench() -> Iterator[Desk]:
    """An empty desk for one test."""
    with desk() as found:
        yield found


@pytest.fixture(scope="module")
def shop() -> Iterator[Desk]:
    """The starter platform, up and proved; shared by the tests of a file, which leave it as they find it."""
    with desk() as found:
        assert found.run("init").status == 0
        said = found.run("up")
        assert said.status == 0, said.all
        yield found
