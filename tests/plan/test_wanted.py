"""What a design wants is worked out once for it, and never taken for another design's."""

from __future__ import annotations

from dataclasses import replace

from freehold.plan.wanted import wanted
from freehold.spec.model import Layout, Service
from support.plans import design, platform


def test_two_designs_side_by_side_keep_their_own_answers() -> None:
    one = design(platform(Service("users", ("users",))))
    other = design(platform(Service("users", ("users",)), layout=Layout.SCHEMA_PER_SERVICE))

    first, second = wanted(one), wanted(other)
    assert wanted(one) is first
    assert wanted(other) is second
    assert set(first.databases) != set(second.databases)


def test_a_changed_copy_works_out_its_own() -> None:
    one = design(platform(Service("users", ("users",))))
    before = wanted(one)
    grown = design(platform(Service("users", ("users",)), Service("orders", ("orders",))))
    copy = replace(one, platform=grown.platform, placements=grown.placements)

    assert len(wanted(copy).databases) == len(before.databases) + 1
    assert copy == replace(one, platform=grown.platform, placements=grown.placements)
    assert wanted(one) is before
