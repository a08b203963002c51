"""Look at both ends of every declared reference, compare them, and report."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace

from freehold.audit import judge
from freehold.audit.fit import fit
from freehold.audit.links import links
from freehold.audit.model import Checked, Link, Orphan, Report, Table, Trouble
from freehold.audit.run.compare import Comparing
from freehold.audit.run.desk import Desk, doubt
from freehold.audit.run.tally import Tally
from freehold.errors import ServerError
from freehold.layouts.model import Placements
from freehold.ports import Clock, Progress, Servers
from freehold.spec.model import Platform

__all__ = ["FIRST", "Sink", "audit"]

FIRST = 10
"""Orphans of each reference that a report lists."""

Sink = Callable[[Link, Orphan], None]
"""Takes every orphan, in order of reference and key."""


def audit(
    platform: Platform,
    placements: Placements,
    servers: Servers,
    clock: Clock,
    progress: Progress,
    *,
    services: Collection[str] = (),
    limit: int = FIRST,
    timeout_ms: int = 0,
    wait_ms: int = 0,
    sink: Sink = lambda link, orphan: None,
) -> Report:
    """Check every declared reference, or those that start or end in ``services``.

    ``limit`` is how many orphans of each reference the report lists; ``sink`` is given all. ``timeout_ms`` ends a
    statement (0: never); ``wait_ms`` passes between a first and a second look, for platforms where a row may come
    before the row it refers to. A server that cannot be reached leaves its references unchecked and the others not.
    """
    started = clock.monotonic_ms()
    desk = Desk(servers, timeout_ms)
    try:
        looked = [_look(desk, link) for link in links(platform, placements, services)]
    finally:
        desk.close()
    tally = Tally(progress, sum(one.child.rows + one.parent.rows for one in looked if one.child and one.parent))
    comparing = Comparing(desk, clock, tally, limit, wait_ms, sink)
    references = tuple(_timed(clock, one, comparing.run) for one in looked)
    told = tuple(finding for one in references for finding in judge.findings(one))
    kept, ignored = judge.split(told, platform.ignores, clock.now_iso()[:10])
    return Report(
        platform=platform.name,
        layout=platform.layout.value,
        references=references,
        findings=kept,
        ignored=ignored,
        duration_ms=clock.monotonic_ms() - started,
    )


def _look(desk: Desk, link: Link) -> Checked:
    """What the catalogs say of a reference."""
    try:
        child: Table | None = desk.table(link.child)
        parent: Table | None = desk.table(link.parent)
        constraint = desk.constraint(link) if link.together and child and parent else None
    except ServerError as error:
        return Checked(link, trouble=doubt(error))
    return Checked(link, child=child, parent=parent, constraint=constraint)


def _timed(clock: Clock, looked: Checked, compare: Callable[..., Checked]) -> Checked:
    if looked.trouble is not None:
        return looked
    started = clock.monotonic_ms()
    how = fit(looked.link, looked.child, looked.parent)
    try:
        found = replace(looked, trouble=how) if isinstance(how, Trouble) else compare(looked, how)
    except ServerError as error:
        found = replace(looked, trouble=doubt(error))
    return replace(found, duration_ms=clock.monotonic_ms() - started)
