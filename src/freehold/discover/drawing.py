"""Where services and databases stand on the map: two columns, ordered so that few lines cross."""

from __future__ import annotations

from dataclasses import dataclass

from freehold.discover.model import Discovery

ROW = 30
WIDTH = 1000
LEFT = 320
RIGHT = 640
TOP = 46
_ROUNDS = 8


@dataclass(frozen=True, slots=True)
class Box:
    """A name and its place: ``y`` is its middle; ``side`` is left for services and right for databases."""

    name: str
    note: str
    y: float
    side: str
    alarmed: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """A service that uses a database; ``sure`` draws it solid, ``shared`` in the colour of what is shared."""

    service: str
    database: str
    y1: float
    y2: float
    sure: bool
    shared: bool


@dataclass(frozen=True, slots=True)
class Drawing:
    """The whole map."""

    height: int
    boxes: tuple[Box, ...]
    lines: tuple[Line, ...]


def drawing(discovery: Discovery) -> Drawing:
    """The map of a discovery; the same discovery gives the same map."""
    edges = sorted({(use.service, use.database) for use in discovery.uses if use.environment != "test"})
    services = sorted({service.name for service in discovery.services} | {service for service, _ in edges})
    databases = sorted({database.name for database in discovery.databases} | {database for _, database in edges})
    for _ in range(_ROUNDS):
        places = {name: float(at) for at, name in enumerate(services)}
        databases.sort(key=lambda name: (_middle([places[s] for s, d in edges if d == name], len(services)), name))
        there = {name: float(at) for at, name in enumerate(databases)}
        services.sort(key=lambda name: (_middle([there[d] for s, d in edges if s == name], len(databases)), name))
    rows = max(len(services), len(databases), 1)
    left = _spread(services, rows)
    right = _spread(databases, rows)
    wrong = {f.service for f in discovery.findings if f.level != "info"}
    created = {database.name for database in discovery.databases if database.created_by}
    users = {name: len({s for s, d in edges if d == name}) for name in databases}
    sure = {(u.service, u.database) for u in discovery.uses if u.how in ("configured", "live")}
    tables = {service.name: len(service.tables) for service in discovery.services}
    boxes = [Box(name, _tables(tables.get(name, 0)), left[name], "left", name in wrong) for name in services]
    boxes += [Box(name, "", right[name], "right", name not in created) for name in databases]
    lines = [Line(s, d, left[s], right[d], (s, d) in sure, users[d] > 1) for s, d in edges]
    return Drawing(TOP + rows * ROW + 20, tuple(boxes), tuple(lines))


def _tables(number: int) -> str:
    return "" if not number else "1 table" if number == 1 else f"{number} tables"


def _middle(places: list[float], otherwise: int) -> float:
    return sum(places) / len(places) if places else float(otherwise)


def _spread(names: list[str], rows: int) -> dict[str, float]:
    step = rows / max(len(names), 1)
    return {name: TOP + (at + 0.5) * step * ROW for at, name in enumerate(names)}
