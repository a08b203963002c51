"""What discovery reads in a folder, in the terms of what an exporter says that its files carry."""

from __future__ import annotations

from pathlib import Path

from freehold.discover.facts import Pooled, RoleMade
from freehold.discover.model import Discovery
from freehold.discover.run import discover
from freehold.export.carried import Carried, Facts
from freehold.local import tree
from freehold.pool.text import OF_ONE

MAKERS = {"postgres", "app"}
"""Databases that an image or an operator makes by itself."""


def seen(discovery: Discovery) -> Facts:
    """The facts; what a format has no word for is empty."""
    uses = discovery.uses
    logins = frozenset((use.service, use.login) for use in uses if use.login)
    lines = {(line.alias, line.database) for line in discovery.of(Pooled) if line.alias != "*"}
    aliases = lines | {(use.alias, use.database) for use in uses if use.alias}
    return {
        Carried.SERVICES: frozenset((s.name, name) for s in discovery.services for name in s.databases),
        Carried.SCHEMAS: frozenset((s.name, name) for s in discovery.services for name in s.schemas),
        Carried.LOGINS: logins,
        Carried.READERS: logins,
        Carried.PORTS: frozenset((use.service, use.port) for use in uses if use.port),
        Carried.POOLS: frozenset(pair for pair in aliases if not pair[0].endswith(OF_ONE)),
        Carried.DATABASES: frozenset((d.name,) for d in discovery.databases if d.created_by and d.name not in MAKERS),
        Carried.ROLES: frozenset((made.role,) for made in discovery.of(RoleMade)),
    }


def differences(told: Facts, found: Facts) -> dict[Carried, tuple[list[object], list[object]]]:
    """Of each kind of fact that is carried: what is missing, and what nobody told."""
    wrong: dict[Carried, tuple[list[object], list[object]]] = {}
    for kind, expected in told.items():
        if kind in (Carried.LOGINS, Carried.READERS):
            # both are logins to a reader
            expected = told[Carried.LOGINS] | told.get(Carried.READERS, frozenset())
        missing, more = sorted(expected - found[kind]), sorted(found[kind] - expected)
        if missing or more:
            wrong[kind] = ([*missing], [*more])
    return wrong


def read(folder: Path) -> Facts:
    return seen(discover(tree.sources(folder), "shop"))
