"""Who moves first: what is read must be there when its reader comes, and must not leave before it where they part."""

from __future__ import annotations

from dataclasses import replace

import pytest

from freehold.cli.movetasks import Task, in_turn
from freehold.layouts.model import Home
from freehold.layouts.placement import place
from freehold.spec.model import Layout, Service, TableName
from support.plans import platform


def reader(name: str, *others: str) -> Service:
    return Service(name, (name,), reads=tuple(TableName(other, "t") for other in others))


def turns(to: Layout, *services: Service) -> list[str]:
    was = Layout.SCHEMA_PER_SERVICE if to is Layout.DATABASE_PER_SERVICE else Layout.DATABASE_PER_SERVICE
    before, then = (place(platform(*services, layout=one)) for one in (was, to))
    some = [Task(one.name, Home(was), Home(to), before.of(one.name), then.of(one.name)) for one in services]
    return [one.service for one in in_turn(replace(platform(*services), layout=was), some, then)]


@pytest.mark.parametrize(
    ("services", "apart", "together"),
    [
        ((reader("a"), reader("b", "a"), reader("c")), ["b", "a", "c"], ["a", "b", "c"]),
        ((reader("a", "b"), reader("b", "c"), reader("c")), ["a", "b", "c"], ["c", "b", "a"]),
        ((reader("a", "b"), reader("b", "a")), ["a", "b"], ["a", "b"]),
    ],
)
def test_in_turn(services: tuple[Service, ...], apart: list[str], together: list[str]) -> None:
    assert turns(Layout.DATABASE_PER_SERVICE, *services) == apart
    assert turns(Layout.SCHEMA_PER_SERVICE, *services) == together
