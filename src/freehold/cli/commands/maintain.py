"""``freehold maintain``: keep time series and retention as declared."""

from __future__ import annotations

from datetime import datetime

import click

from freehold.cli.options import Call, command, duration
from freehold.cli.out import Result


def _moment(context: click.Context, parameter: click.Parameter, value: str | None) -> datetime | None:
    from freehold.spans import parse_moment

    try:
        return None if value is None else parse_moment(value)
    except ValueError:
        raise click.BadParameter("write a moment as 2026-11-20T09:30:00Z") from None


@command()
@click.option(
    "--service", "services", metavar="NAME", multiple=True, help="Only tables of this service; may be repeated."
)
@click.option("--dry-run", is_flag=True, help="Only show what is due.")
@click.option(
    "--now",
    metavar="TIMESTAMP",
    callback=_moment,
    help="With --dry-run: decide for this moment (UTC unless it says a zone) instead of the servers' own clocks.",
)
@click.option(
    "--lock-timeout",
    "lock_timeout_ms",
    metavar="DURATION",
    default="200ms",
    show_default=True,
    callback=duration,
    help="How long anybody may wait for this run to get a lock, and again for it to let the lock go.",
)
def maintain(
    call: Call, services: tuple[str, ...], dry_run: bool, now: datetime | None, lock_timeout_ms: int
) -> Result:
    """Make partitions ahead, drop and delete what is too old, and say what is held.

    Meant to run every few minutes from cron or a timer; a second run finds nothing to do. A declared retention is the
    consent to remove what is older. A run that was interrupted is continued by the next one.
    Exit code 0 when all is done, 2 when there are findings (with --dry-run: when something is due), 3 when something
    could not be done now and the next run tries again, or a server cannot be reached.
    """
    if now is not None and not dry_run:
        raise click.UsageError("--now is only for --dry-run: what is removed is decided by the server's clock")
    context = call.context
    from freehold.cli import maintenance

    report = maintenance.run(context, services=services, dry_run=dry_run, now=now, lock_timeout_ms=lock_timeout_ms)
    pending = bool(report.findings) or (dry_run and bool(report.done))
    return Result(
        document=maintenance.document(report),
        blocks=maintenance.blocks(report),
        exit=3 if report.unfinished else 2 if pending else 0,
        next="freehold maintain" if dry_run and report.done else "",
    )
