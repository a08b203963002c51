"""``freehold discover``: what a repository and a running server say about databases."""

from __future__ import annotations

import click

from freehold.cli.options import Call, command, duration
from freehold.cli.out import Result


@command(about_platform=False)
@click.argument("where", metavar="FOLDER_OR_URL", default=".")
@click.option(
    "--live",
    metavar="URL",
    help="Read this server too: a postgresql:// URL, or env:NAME of the variable that holds it.",
)
@click.option(
    "--window",
    "window_ms",
    default="0s",
    show_default=True,
    callback=duration,
    help="How long to look at who is connected to the server; 0s looks once.",
)
@click.option("--sarif", "sarif_file", metavar="FILE", help="Also write the findings as SARIF 2.1.0, for code review.")
@click.option("--html", "page_file", metavar="FILE", help="Also write one HTML page with the map of all services.")
def discover(
    call: Call, where: str, live: str | None, window_ms: int, sarif_file: str | None, page_file: str | None
) -> Result:
    """Say which service uses which database, from a repository, a running server or both, and where they contradict
    each other.

    Reads compose files, manifests, env files, migrations, settings, SQL and documents below FOLDER (here when left
    out). Nothing in it is run, imported or changed, and no value of a secret is shown. A server is only read: catalogs,
    statistics and who is connected, in a few queries that lock no table. Any login will do; what it may not see is
    said.
    Exit code 0 when nothing is wrong, 2 when there are findings of the levels error or warning.
    """
    call.out.note(f"freehold discover: reading {'a server' if where.startswith('postgres') else where}")
    from freehold.cli import discovered, livereading
    from freehold.discover.live.picture import picture, together
    from freehold.discover.model import Discovery
    from freehold.discover.run import judged
    from freehold.discover.scored import with_recommendation

    if livereading.is_url(where):
        files, live = None, where
    else:
        files = discovered.read(call.out, where)
    seen = livereading.read(live, window_ms, call.out) if live is not None else None
    found = files or Discovery()
    if seen is not None:
        found = picture(seen) if files is None else judged(together(files, picture(seen)))
    found = with_recommendation(found, seen)
    discovered.write(found, sarif_file=sarif_file, page_file=page_file)
    return Result(
        document={**found.as_json(), **({"live": livereading.as_json(seen)} if seen is not None else {})},
        blocks=(*discovered.blocks(found), *(livereading.blocks(seen) if seen is not None else ())),
        exit=discovered.exit_of(found),
        next="freehold init --from " + where if files is not None else "",
    )
