"""``freehold check-references``: rows that refer to nothing."""

from __future__ import annotations

import click

from freehold.cli.options import Call, command, duration
from freehold.cli.out import Result


@command()
@click.option(
    "--service",
    "services",
    metavar="NAME",
    multiple=True,
    help="Only references from or to this service; may be repeated.",
)
@click.option(
    "--limit",
    metavar="NUMBER",
    type=click.IntRange(0, 100_000),
    default=10,
    show_default=True,
    help="Orphaned keys listed for each reference.",
)
@click.option("--output", metavar="FILE", help="Write every orphaned key to this file, one JSON object a line.")
@click.option(
    "--wait",
    "wait_ms",
    default="0s",
    show_default=True,
    callback=duration,
    help="Before the second look, where a row may come before the one it refers to.",
)
@click.option(
    "--timeout",
    "timeout_ms",
    default="0s",
    show_default=True,
    callback=duration,
    help="For each statement; 0s means no limit.",
)
def check_references(
    call: Call, services: tuple[str, ...], limit: int, output: str | None, wait_ms: int, timeout_ms: int
) -> Result:
    """Find rows that refer to a row of another service that is not there.

    Compares every key of both ends of each declared reference, across databases and servers. Locks nothing,
    writes nothing, and calls nothing an orphan that was only in the making.
    Exit code 0 when there is no orphan, 2 when there are, 3 when something could not be looked at.
    """
    from freehold.audit.model import State
    from freehold.audit.show import as_json
    from freehold.cli import references

    context = call.context
    report = references.check(
        context, services=services, limit=limit, timeout_ms=timeout_ms, wait_ms=wait_ms, output=output
    )
    if report.count(State.NOT_CHECKED):
        follow = "freehold status"
    elif references.unlisted(report) and not output:
        follow = "freehold check-references --output orphans.ndjson"
    else:
        follow = "freehold prove" if references.exit_of(report) == 0 else "freehold check-references"
    return Result(
        document=as_json(report), blocks=references.blocks(report), exit=references.exit_of(report), next=follow
    )
