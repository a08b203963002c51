"""``freehold journal``: what was done, as the servers recorded it."""

from __future__ import annotations

import click

from freehold.cli.options import Call, command
from freehold.cli.out import Cell, Result, Say, Table, Tone


@command()
@click.option(
    "-n", "--last", metavar="NUMBER", type=click.IntRange(1, 1000), default=10, show_default=True, help="How many runs."
)
@click.option("--run", "run", metavar="ID", help="Show every step of this run.")
def journal(call: Call, last: int, run: str | None) -> Result:
    """Show the last runs of apply as the servers recorded them."""
    context = call.context
    from freehold.cli import journals

    if run:
        steps = journals.steps(context, run)
        return Result(
            document={"runs": steps},
            blocks=(
                Table(
                    ("at", "outcome", "instance", "database", "what", "ms"),
                    [
                        (
                            str(step["at"]),
                            _outcome(str(step["outcome"])),
                            str(step["instance"]),
                            str(step["database"]),
                            f"{step['action']} {step['kind']} {step['name']}",
                            str(step["duration_ms"] if step["duration_ms"] is not None else ""),
                        )
                        for step in steps
                    ],
                    numbers=frozenset({5}),
                ),
            ),
        )
    runs = journals.runs(context, last)
    return Result(
        document={"runs": runs},
        blocks=(
            Table(
                ("since", "run", "who", "done", "failed", "unfinished"),
                [
                    (
                        str(row["since"]),
                        str(row["run"]),
                        str(row["who"]),
                        str(row["done"]),
                        Cell(str(row["failed"]), Tone.BAD if row["failed"] else Tone.PLAIN),
                        Cell(str(row["unfinished"]), Tone.WARN if row["unfinished"] else Tone.PLAIN),
                    )
                    for row in runs
                ],
                numbers=frozenset({3, 4, 5}),
            )
            if runs
            else Say("no run is recorded", Tone.DIM),
        ),
        next=f"freehold journal --run {runs[0]['run']}" if runs else "freehold up",
    )


def _outcome(outcome: str) -> Cell:
    return Cell(outcome, {"done": Tone.GOOD, "failed": Tone.BAD}.get(outcome, Tone.WARN))
