"""What was discovered, as a person reads it: services and databases, then what does not fit together."""

from __future__ import annotations

from collections.abc import Iterator

from freehold.cli.out import Block, Cell, Say, Table, Tone
from freehold.cli.shapes import count, finding_block
from freehold.discover.model import Discovery
from freehold.finding import Level

_PLACES_SHOWN = 2


def blocks(discovery: Discovery) -> tuple[Block, ...]:
    """The whole answer."""
    return tuple(_blocks(discovery))


def exit_of(discovery: Discovery) -> int:
    """2 when something is wrong, 0 when all there is to say is information."""
    return 2 if any(finding.level is not Level.INFO for finding in discovery.findings) else 0


def _blocks(discovery: Discovery) -> Iterator[Block]:
    if discovery.services:
        yield Table(
            ("service", "databases", "schemas", "tables", "sure", "seen at"),
            [
                (
                    service.name,
                    ", ".join(service.databases) or Cell("none", Tone.DIM),
                    ", ".join(service.schemas),
                    str(len(service.tables) or ""),
                    f"{service.confidence:.0%}",
                    Cell(", ".join(dict.fromkeys(at.place for at in service.evidence[:_PLACES_SHOWN])), Tone.DIM),
                )
                for service in discovery.services
            ],
            title=count(len(discovery.services), "service"),
            numbers=frozenset({3, 4}),
        )
    if discovery.databases:
        yield Table(
            ("database", "server", "created by", "used by"),
            [
                (
                    database.name,
                    database.server,
                    ", ".join(at.place for at in database.created_by[:_PLACES_SHOWN]) or Cell("nothing", Tone.WARN),
                    ", ".join(database.used_by) or Cell("nothing", Tone.WARN),
                )
                for database in discovery.databases
            ],
            title=count(len(discovery.databases), "database"),
        )
    for finding in discovery.findings:
        yield finding_block(finding)
    if discovery.recommendation.layout:
        yield Say(f"layout {discovery.recommendation.layout} fits best:", Tone.STRONG)
        for reason in discovery.recommendation.reasons:
            yield Say(f"  {reason}")
    levels = [sum(f.level is level for f in discovery.findings) for level in (Level.ERROR, Level.WARNING, Level.INFO)]
    yield Say(
        f"{count(discovery.files, 'file')}, {count(len(discovery.services), 'service')},"
        f" {count(len(discovery.databases), 'database')}; {count(levels[0], 'error')},"
        f" {count(levels[1], 'warning')}, {levels[2]} to know",
        Tone.BAD if levels[0] else Tone.WARN if levels[1] else Tone.GOOD,
    )
