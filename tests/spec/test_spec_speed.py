"""Reading and checking a declaration takes work in proportion to its services, not to their square."""

from __future__ import annotations

import sys
from types import FrameType

import pytest
from spec_support import platform_of

from freehold.spec import check as checking
from freehold.spec.check import check
from freehold.spec.model import Platform

SERVICE = """\
  service-{n}:
    schemas: [s{n}, t{n}]
    tables: [s{n}.account]
    migrations: migrations/s{n}
    pool: {{size: 20, reserve: 5}}
    reads: [s{m}.orders]
    publishes: [s{n}.orders]
    limits: {{connections: 30, statement_timeout: 30s}}
"""


def calls(count: int) -> int:
    """How many Python functions are called to read and check this many services: no clock, so no noise."""
    text = "platform: p\nservices:\n" + "".join(
        SERVICE.format(n=1000 + n, m=1000 + (n + 1) % count) for n in range(count)
    )
    made = 0

    def note(frame: FrameType, event: str, argument: object) -> None:
        nonlocal made
        made += event == "call"

    sys.setprofile(note)
    try:
        platform = platform_of(text)
        found = checking.check(platform)
    finally:
        sys.setprofile(None)
    assert (len(platform.services), found) == (count, ())
    return made


def _same(one: object, other: object) -> bool:
    return one == other


def growth() -> float:
    """The work for eight times as many services, as a multiple. Longer texts are first searched for bombs."""
    calls(10)  # what is built once and kept
    return calls(320) / calls(40)


def test_work_grows_with_the_number_of_services() -> None:
    assert growth() < 8.2


def test_a_lint_that_compares_every_pair_of_services_would_be_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    def squared(platform: Platform) -> tuple[object, ...]:
        for one in platform.services:
            for other in platform.services:
                _same(one, other)
        return check(platform)

    monkeypatch.setattr(checking, "check", squared)
    assert growth() > 10
