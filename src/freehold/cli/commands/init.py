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
@click.option("--from", "origin", metavar="FOLDER", help="Write what `freehold discover` finds in this repository.")
@click.option("--name", metavar="NAME", help="The platform's name; the example's own when left out.")
@click.option("--into", metavar="FOLDER", default=".", help="Where to write; here when left out.")
def init(call: Call, example: str, origin: str | None, name: str | None, into: str) -> Result:
    """Write a starter freehold.yaml, copy an example platform, or begin with what a repository has today.

    With --from each guess stands beside a comment that says where it comes from; read them before `freehold up`.
    Nothing is overwritten: when any file exists already, none is written.
    """
    from freehold.cli import examples

    if name is not None and not name.replace("-", "").replace("_", "").isalnum():
        raise click.BadParameter("a platform's name has letters, digits, hyphens and underscores", param_hint="--name")
    if origin is not None:
        from freehold.cli import discovered

        written: tuple[Path, ...] = (discovered.declare(call.out, Path(origin), Path(into), name),)
    else:
        written = examples.copy(example, Path(into), name)
    shown = [str(path) for path in written]
    place = "" if into == "." else f" -f {Path(into) / 'freehold.yaml'}"
    return Result(
        document={"files": shown},
        blocks=(Say("✓ written:", Tone.GOOD), *(Say(f"  {path}") for path in shown)),
        next=f"freehold {'validate' if origin is not None else 'up'}{place}",
    )
