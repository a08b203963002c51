"""``freehold discover``: what a repository says about its databases."""

from __future__ import annotations

from pathlib import Path

import click

from freehold.cli.options import Call, command
from freehold.cli.out import Result


@command(about_platform=False)
@click.argument("where", metavar="FOLDER", default=".")
def discover(call: Call, where: str) -> Result:
    """Say which service uses which database, from the files of a repository, and where they contradict each other.

    Reads compose files, manifests, env files, migrations, settings, SQL and documents below FOLDER (here when left
    out). Nothing in it is run, imported or changed, and no value of a secret is shown.
    Exit code 0 when nothing is wrong, 2 when there are findings of the levels error or warning.
    """
    call.out.note(f"freehold discover: reading {where}")
    from freehold.cli import discovered
    from freehold.discover.run import discover as run
    from freehold.local import tree

    root = Path(where)
    found = run(tree.sources(root), root.resolve().name, lambda files: call.out.note(f"  {files} files"))
    return Result(
        document=found.as_json(),
        blocks=discovered.blocks(found),
        exit=discovered.exit_of(found),
        next="freehold init --from " + where,
    )
