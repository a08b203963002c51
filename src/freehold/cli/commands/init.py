"""``freehold init``: a declaration to start from."""

from __future__ import annotations

from pathlib import Path

import click

from freehold.cli.options import Call, command
from freehold.cli.out import Result, Say, Tone


@command(about_platform=False)
@click.option(
    "--platform", "example", metavar="EXAMPLE", default="starter", help="Copy this example; `treum` has nine services."
)
@click.option("--name", metavar="NAME", help="The platform's name; the example's own when left out.")
@click.option("--into", metavar="FOLDER", default=".", help="Where to write; here when left out.")
def init(call: Call, example: str, name: str | None, into: str) -> Result:
    """Write a starter freehold.yaml, or copy an example platform.

    Nothing is overwritten: when any file exists already, none is written.
    """
    from freehold.cli import examples

    if name is not None and not name.replace("-", "").replace("_", "").isalnum():
        raise click.BadParameter("a platform's name has letters, digits, hyphens and underscores", param_hint="--name")
    written = examples.copy(example, Path(into), name)
    shown = [str(path) for path in written]
    place = "" if into == "." else f" -f {Path(into) / 'freehold.yaml'}"
    return Result(
        document={"files": shown},
        blocks=(Say("✓ written:", Tone.GOOD), *(Say(f"  {path}") for path in shown)),
        next=f"freehold up{place}",
    )
