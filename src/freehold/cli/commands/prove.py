"""``freehold prove``: attack the platform."""

from __future__ import annotations

import click

from freehold.cli.options import Call, command
from freehold.cli.out import Result


@command()
@click.option("--html", "page", metavar="FILE", help="Also write the report as one HTML file.")
@click.option(
    "--service", "services", metavar="NAME", multiple=True, help="Only attacks by or on this service; may be repeated."
)
@click.option("--attack", "attacks", metavar="NAME", multiple=True, help="Only this attack; may be repeated.")
@click.option(
    "--workers",
    metavar="NUMBER",
    type=click.IntRange(1, 64),
    default=8,
    show_default=True,
    help="Attacks at the same time.",
)
@click.option(
    "--exhaust",
    is_flag=True,
    help="Also take each service's connections up to its limit for a moment, to see that nobody else is kept out.",
)
@click.option(
    "--fail-on",
    type=click.Choice(["none", "violation", "unknown", "limit"]),
    default="unknown",
    show_default=True,
    help="The mildest finding that makes the exit code 2.",
)
def prove(
    call: Call,
    page: str | None,
    services: tuple[str, ...],
    attacks: tuple[str, ...],
    workers: int,
    exhaust: bool,
    fail_on: str,
) -> Result:
    """Attack the platform and show whether every service is isolated.

    Connects as every login and tries what it must not be able to do; everything is rolled back.
    Exit code 0 when all held, 2 when there are findings, 3 when a server cannot be reached: the others are still
    attacked, and everything by and on its services is unknown.
    """
    from freehold.cli.shapes import proof_blocks
    from freehold.prove.show import as_json

    context = call.context
    from freehold.cli import verbs

    report = verbs.prove(context, services=services, attacks=attacks, workers=workers, exhaust=exhaust)
    if page:
        verbs.write_page(page, report)
    bad = {
        "none": False,
        "violation": bool(report.violations),
        "unknown": bool(report.violations or report.unknown),
        "limit": bool(report.violations or report.unknown or report.limits),
    }[fail_on]
    return Result(
        document=as_json(report),
        blocks=proof_blocks(report),
        exit=3 if report.unreachable else 2 if bad else 0,
        next="freehold up"
        if report.unreachable
        else "freehold diff"
        if report.violations
        else ""
        if page
        else "freehold prove --html proof.html",
    )
