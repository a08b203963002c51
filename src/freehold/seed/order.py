"""In which order tables are filled: what is referred to comes first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from freehold.seed.model import Table
from freehold.spec.model import TableName


def circular(tables: Iterable[Table]) -> frozenset[tuple[TableName, str]]:
    """Foreign keys by which tables refer to each other in a circle, by table and name; those of a table to itself are
    none: its rows refer to earlier rows."""
    every = list(tables)
    links = {
        table.name: {key.to for key in table.foreign_keys if key.enforced and key.to != table.name} for table in every
    }
    reach = {name: _reachable(links, name) for name in links}
    return frozenset(
        (table.name, key.name)
        for table in every
        for key in table.foreign_keys
        if key.enforced and key.to != table.name and table.name in reach.get(key.to, frozenset())
    )


def ordered(needs: Mapping[TableName, frozenset[TableName]]) -> tuple[list[TableName], list[TableName]]:
    """The tables so that each comes behind all it needs, and those that need each other in a circle."""
    left = {name: {need for need in wanted if need in needs and need != name} for name, wanted in sorted(needs.items())}
    found: list[TableName] = []
    while left:
        ready = [name for name, wanted in left.items() if not wanted]
        if not ready:
            return found, sorted(left)
        for name in ready:
            del left[name]
        for wanted in left.values():
            wanted.difference_update(ready)
        found += ready
    return found, []


def _reachable(links: Mapping[TableName, set[TableName]], start: TableName) -> frozenset[TableName]:
    seen: set[TableName] = set()
    front = [start]
    while front:
        for name in links.get(front.pop(), set()) - seen:
            seen.add(name)
            front.append(name)
    return frozenset(seen)
