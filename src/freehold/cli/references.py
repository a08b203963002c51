"""Checks the references of a platform for a command, and says what was found for a person."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from freehold.audit.model import Checked, End, Link, Orphan, Report, State
from freehold.audit.run import audit
from freehold.audit.show import line
from freehold.cli.context import Context
from freehold.cli.out import Block, Cell, Say, Table, Tone
from freehold.cli.progress import Bar
from freehold.cli.shapes import count, finding_block
from freehold.finding import Level
from freehold.local.clock import SystemClock
from freehold.local.lines import lines
from freehold.spec.names import show_table
from freehold.sqltext import quote_ident

_STATE = {
    State.CLEAN: Cell("✓ clean", Tone.GOOD),
    State.ORPHANS: Cell("✗ orphans", Tone.BAD),
    State.WRONG: Cell("✗ wrong", Tone.BAD),
    State.NOT_CHECKED: Cell("? not checked", Tone.WARN),
}


def check(
    context: Context, *, services: Sequence[str], limit: int, timeout_ms: int, wait_ms: int, output: str | None
) -> Report:
    """Check the references; every orphan goes to the file ``output``."""
    context.known_services(services)
    with ExitStack() as stack:
        file = stack.enter_context(lines(Path(output))) if output else None

        def sink(link: Link, orphan: Orphan) -> None:
            if file is not None:
                file.add(line(link.child, orphan))

        with Bar("checking references") as progress:
            return audit(
                context.platform,
                context.placements,
                context.servers,
                SystemClock(),
                progress,
                services=services,
                limit=limit,
                timeout_ms=timeout_ms,
                wait_ms=wait_ms,
                sink=sink,
            )


def exit_of(report: Report) -> int:
    """3 when something could not be looked at, 2 when something is wrong, else 0."""
    if report.count(State.NOT_CHECKED):
        return 3
    return 2 if any(finding.level is Level.ERROR for finding in report.findings) else 0


def blocks(report: Report) -> tuple[Block, ...]:
    """The report for a person: a line for each reference, what was found in full, and one line that says it all."""
    if not report.references:
        return (Say("no service declares references", Tone.DIM),)
    found: list[Block] = [
        Table(
            ("reference", "", "keys", "orphans", "rows"),
            [
                (
                    f"{_end(one.link.child)} → {_end(one.link.parent)}",
                    _STATE[one.state],
                    "" if one.keys is None else str(one.keys),
                    str(one.orphans) if one.trouble is None else "",
                    str(one.orphan_rows) if one.trouble is None else "",
                )
                for one in report.references
            ],
            numbers=frozenset({2, 3, 4}),
        )
    ]
    found += [finding_block(finding) for finding in report.findings]
    if report.ignored:
        found.append(Say(f"· {count(len(report.ignored), 'finding')} ignored, as declared", Tone.DIM))
    found.append(_verdict(report))
    return tuple(found)


def unlisted(report: Report) -> bool:
    """Whether there are orphans that the report counts and does not name."""
    return any(one.orphans > len(one.first) for one in report.references)


def _verdict(report: Report) -> Say:
    bad = sum(_bad(one) for one in report.references)
    unknown = report.count(State.NOT_CHECKED)
    total = len(report.references)
    parts: list[str] = []
    if report.orphans:
        parts.append(f"{count(report.orphans, 'orphaned key')} in {report.count(State.ORPHANS)} of {total} references")
    if bad > report.count(State.ORPHANS):
        parts.append(f"{bad - report.count(State.ORPHANS)} cannot be as declared")
    if unknown:
        parts.append(f"{unknown} of {total} not checked")
    if parts:
        return Say(f"✗ {report.platform}: {', '.join(parts)}", Tone.BAD)
    return Say(f"✓ {report.platform}: {count(total, 'reference')} checked, no orphan", Tone.GOOD)


def _bad(one: Checked) -> bool:
    return one.state in (State.ORPHANS, State.WRONG)


def _end(end: End) -> str:
    return f"{show_table(end.table)} ({', '.join(quote_ident(column) for column in end.columns)})"
