"""``freehold discover``: what a repository says about its databases."""

from __future__ import annotations

import click

from freehold.cli.options import Call, command
from freehold.cli.out import Result


@command(about_platform=False)
@click.argument("where", metavar="FOLDER", default=".")
@click.option("--sarif", "sarif_file", metavar="FILE", help="Also write the findings as SARIF 2.1.0, for code review.")
@click.option("--html", "page_file", metavar="FILE", help="Also write one HTML page with the map of all services.")
def discover(call: Call, where: str, sarif_file: str | None, page_file: str | None) -> Result:
    """Say which service uses which database, from the files of a repository, and where they contradict each other.

    Reads compose files, manifests, env files, migrations, settings, SQL and documents below FOLDER (here when left
    out). Nothing in it is run, imported or changed, and no value of a secret is shown.
    Exit code 0 when nothing is wrong, 2 when there are findings of the levels error or warning.
    """
    call.out.note(f"freehold discover: reading {where}")
    from freehold.cli import discovered

    found = discovered.read(call.out, where)
    discovered.write(found, sarif_file=sarif_file, page_file=page_file)
    return Result(
        document=found.as_json(),
        blocks=discovered.blocks(found),
        exit=discovered.exit_of(found),
        next="freehold init --from " + where,
    )
