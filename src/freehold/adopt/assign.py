"""Decides which service gets what: tables by the declaration, and what only they use after them.

An exact name wins over a pattern. Partitions, owned sequences and statistics follow their table. Views follow when all
that they show belongs to one service; types, sequences and functions of triggers when only one service's tables use
them. What several need, or also somebody whom nobody adopts, stays.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping

from freehold.adopt.model import NAMED, TABLES, Kind, Seen, Shares, Thing
from freehold.spec.model import Service, TableName


def matches(entry: TableName, thing: Thing) -> bool:
    """Whether an entry of ``adopts:`` names the thing; a pattern names tables only."""
    if entry == thing.table:
        return True
    if "*" not in entry.table or entry.schema != thing.schema or thing.kind not in TABLES:
        return False
    return re.fullmatch(re.escape(entry.table).replace(r"\*", ".*"), thing.name, re.DOTALL) is not None


def assign(seen: Seen, services: Iterable[Service]) -> Shares:
    """Whose each thing shall be, and what cannot be decided."""
    chosen = sorted(services, key=lambda one: one.name)
    things = seen.by_key()
    owner: dict[str, str] = {}
    contested: list[tuple[Thing, tuple[str, ...]]] = []
    for thing in seen.things:
        if thing.extension or (thing.part_of and thing.part_of in things):
            continue
        exact = {one.name for one in chosen if thing.table in one.adopts}
        found = exact or {one.name for one in chosen if any(matches(entry, thing) for entry in one.adopts)}
        if len(found) == 1:
            owner[thing.key] = min(found)
        elif found:
            contested.append((thing, tuple(sorted(found))))
    adopted = {one.key: one.service for one in seen.old}
    _parts(things, owner, adopted)
    shared: dict[str, tuple[str | None, ...]] = {}
    while _follow(seen, things, owner, {**adopted, **owner}, shared):
        _parts(things, owner, adopted)
    return Shares(owner, tuple(contested), tuple((things[key], who) for key, who in sorted(shared.items())))


def _parts(things: Mapping[str, Thing], owner: dict[str, str], adopted: Mapping[str, str]) -> None:
    for thing in things.values():
        top = thing
        while top.part_of and top.part_of in things:
            top = things[top.part_of]
        if top is not thing and top.key in owner:
            owner[thing.key] = owner[top.key]
        elif top.part_of in adopted:
            owner[thing.key] = adopted[top.part_of]


def _follow(
    seen: Seen,
    things: Mapping[str, Thing],
    owner: dict[str, str],
    known: Mapping[str, str],
    shared: dict[str, tuple[str | None, ...]],
) -> bool:
    """One round; whether something followed."""
    using: dict[str, set[str]] = defaultdict(set)
    used: dict[str, set[str]] = defaultdict(set)
    for who, what in seen.uses:
        using[what].add(who)
        used[who].add(what)
    before = len(owner)
    for thing in things.values():
        if thing.key in known or thing.extension or thing.kind in TABLES or thing.part_of:
            continue
        if thing.kind in NAMED:
            near = {key for key in used[thing.key] if key in known or (key in things and things[key].kind in NAMED)}
        elif thing.kind is not Kind.ROUTINE or thing.fires:
            near = {
                key
                for key in using[thing.key]
                if key in known or (key in things and things[key].kind in (*TABLES, Kind.TYPE, Kind.DOMAIN))
            }
        else:
            continue
        whose = {known.get(key) for key in near}
        shared.pop(thing.key, None)
        if len(whose) == 1 and None not in whose:
            owner[thing.key] = str(min(name for name in whose if name is not None))
        elif any(name is not None for name in whose):
            shared[thing.key] = tuple(sorted(whose, key=lambda name: (name is None, name or "")))
    return len(owner) > before
