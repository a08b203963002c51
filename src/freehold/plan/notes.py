"""What a plan cannot do and a person should know: missing rights, crossings no grant can serve, names pg_hba cannot hold."""

from __future__ import annotations

from collections.abc import Iterator

from freehold.found.model import Found
from freehold.plan.model import Design
from freehold.plan.wanted import wanted
from freehold.spec.names import show_table


def notes(design: Design, found: Found) -> tuple[str, ...]:
    """Sentences, sorted, each once."""
    return tuple(sorted({*_crossings(design)}))


def _crossings(design: Design) -> Iterator[str]:
    for crossing in wanted(design).crossings:
        verb = "reads" if crossing.kind == "reads" else "refers to"
        means = "a foreign table or a replica" if crossing.kind == "reads" else "a soft reference"
        yield (
            f'service "{crossing.service}" {verb} {show_table(crossing.table)} of service "{crossing.source}", which lives '
            f"in another database: no grant reaches there, {means} is needed"
        )
