"""What ``freehold maintain`` does to a platform, and how it is told."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from freehold.cli.context import Context, who
from freehold.cli.logins import as_owner
from freehold.cli.out import Block, Cell, Say, Table, Tone
from freehold.cli.progress import Bar
from freehold.cli.shapes import count, finding_block
from freehold.finding import JsonObject
from freehold.local.clock import SystemClock
from freehold.units import show_bytes

if TYPE_CHECKING:
    from freehold.maintain.model import Done, Report

_MARK = {
    "create": Cell("+", Tone.GOOD),
    "move": Cell("+", Tone.GOOD),
    "drop": Cell("-", Tone.BAD),
    "delete": Cell("-", Tone.BAD),
}
_SHOWN = 40


def run(
    context: Context, *, services: Sequence[str], dry_run: bool, now: datetime | None, lock_timeout_ms: int
) -> Report:
    """Do what is due, or say what would be done."""
    from freehold.maintain.run import maintain

    context.known_services(services)
    context.all_reachable()
    with Bar("maintaining") as progress:
        return maintain(
            context.platform,
            context.placements,
            context.servers,
            SystemClock(),
            progress,
            lambda placement: as_owner(context, placement, progress),
            who=who(),
            services=services,
            dry_run=dry_run,
            now=now,
            lock_timeout_ms=lock_timeout_ms,
        )


def document(report: Report) -> JsonObject:
    """What ``maintain --json`` answers."""
    return {
        "platform": report.platform,
        "dry_run": report.dry_run,
        "now": dict(report.now),
        "done": [one.as_json() for one in report.done],
        "held": [one.as_json() for one in report.held],
        "findings": [one.as_json() for one in report.findings],
        "unfinished": [one.as_json() for one in report.unfinished],
        "journal_id": report.journal_id,
    }


def blocks(report: Report) -> tuple[Block, ...]:
    """The same for a person."""
    found: list[Block] = []
    rows = [(_MARK.get(one.what, Cell("~", Tone.WARN)), one.table, one.says, _size(one)) for one in report.done]
    if rows:
        title = "due" if report.dry_run else "done"
        found.append(Table(("", "table", "what", "rows and size"), rows[:_SHOWN], title=title))
    if len(rows) > _SHOWN:
        found.append(Say(f"  and {len(rows) - _SHOWN} more; --json shows all", Tone.DIM))
    for held in report.held:
        found.append(Say(f"· {held.partition or held.table}: {count(held.rows, 'row')} held and kept", Tone.WARN))
    found += [finding_block(finding, Tone.BAD) for finding in report.findings]
    found += [Say(f"! {one.what}: {one.why}. {one.hint}", Tone.WARN) for one in report.unfinished]
    found.append(_last(report))
    return tuple(found)


def _last(report: Report) -> Say:
    if report.unfinished:
        return Say(f"✗ {len(report.unfinished)} could not be done now, {len(report.done)} done", Tone.BAD)
    if report.findings:
        return Say(f"✗ {count(len(report.findings), 'finding')}, {len(report.done)} done", Tone.BAD)
    if report.dry_run and report.done:
        return Say(f"! {len(report.done)} due", Tone.WARN)
    if report.done:
        return Say(f"✓ {len(report.done)} done; journal {report.journal_id}", Tone.GOOD)
    return Say("✓ nothing is due", Tone.GOOD)


def _size(one: Done) -> str:
    about = "about " if one.about else ""
    parts = [f"{about}{count(one.rows, 'row')}"] if one.rows is not None else []
    return ", ".join([*parts, *([show_bytes(one.bytes)] if one.bytes else [])])
