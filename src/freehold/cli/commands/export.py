"""``freehold export``: the platform in the words of another tool."""

from __future__ import annotations

from pathlib import Path

import click

from freehold.cli.options import Call, command, size
from freehold.cli.out import Result, Say, Table, Tone

_NETWORKS = ("here", "compose", "kubernetes", "cloudnativepg")


@command()
@click.argument("kind", required=False)
@click.option("-o", "--output", metavar="FOLDER", help="Write the files there; `-` prints them all.")
@click.option("--service", "services", metavar="NAME", multiple=True, help="Only this service; may be repeated.")
@click.option(
    "--network",
    type=click.Choice(_NETWORKS),
    default="here",
    show_default=True,
    help="From where services look: the servers as they are, or what another export describes.",
)
@click.option(
    "--secrets",
    "secrets",
    metavar="FOLDER",
    help="Where the exported files find the secret files; else /run/secrets, or those that --with-secrets writes.",
)
@click.option("--with-secrets", is_flag=True, help="Also write the secret files, into FOLDER/secrets.")
@click.option("--memory", "memory_bytes", default="4GB", show_default=True, callback=size, help="Of each instance.")
@click.option("--storage", default="20Gi", show_default=True, help="Of each instance, in Kubernetes' units.")
@click.option("--force", is_flag=True, help="Also replace files that Freehold did not write or that were changed.")
def export(
    call: Call,
    kind: str | None,
    output: str | None,
    services: tuple[str, ...],
    network: str,
    secrets: str | None,
    with_secrets: bool,
    memory_bytes: int,
    storage: str,
    force: bool,
) -> Result:
    """Write the platform as files of another tool, without a secret in them.

    Without KIND it lists the kinds; without --output it lists the files that it would write. The same declaration
    gives the same bytes. A file that Freehold did not write, or that was changed since, is not replaced.
    """
    from freehold.cli import exporting
    from freehold.errors import FreeholdError
    from freehold.export.model import Network

    if kind is None:
        return _kinds()
    exporter = exporting.kind_of(kind)
    if with_secrets and output in (None, "-"):
        raise FreeholdError("secret files are only written into a folder", hint="Name one with --output FOLDER.")
    if not exporter.here and (services or network != "here"):
        raise FreeholdError(
            f"{kind} is about the whole platform and makes its own network",
            hint="Leave out --service and --network: they are for files that describe clients and pools.",
        )
    context = call.context
    place = Path(output).absolute() if output not in (None, "-") else None
    if secrets is None:
        secrets = f"{place}/{exporting.SECRETS}" if with_secrets and place else "/run/secrets"
    wanted = exporting.asked(
        context,
        network=Network(network),
        secrets=secrets.rstrip("/"),
        services=services,
        memory_bytes=memory_bytes,
        storage=storage,
    )
    made = exporter.write(wanted)
    texts = exporting.texts(made)
    for note in made.notes:
        call.out.note(f"note: {note}")
    if made.secrets and not with_secrets:
        call.out.note(f"note: {len(made.secrets)} secret files are named and not written; --with-secrets writes them")
    document: dict[str, object] = {
        "kind": kind,
        "files": [{"path": path, "text": text} for path, text in texts.items()],
        "secrets": sorted(f"{exporting.SECRETS}/{name}" for name in made.secrets),
        "notes": list(made.notes),
        "folder": "",
        "written": [],
        "unchanged": [],
        "kinds": [],
    }
    if place is not None:
        done = exporting.write(context, made, place, force=force, with_secrets=with_secrets)
        document |= {"folder": str(place), "written": list(done.written), "unchanged": list(done.unchanged)}
        said = f"✓ {len(done.written)} files written to {output}, {len(done.unchanged)} were there already"
        if done.secrets:
            said += f", and {len(done.secrets)} secret files"
        return Result(document, (Say(said, Tone.GOOD),), next=f"ls {output}")
    if output == "-":
        return Result(document, raw=_stream(texts))
    rows = [(path, str(text.count("\n"))) for path, text in texts.items()]
    secret_rows = [(f"{exporting.SECRETS}/{name}", "secret") for name in sorted(made.secrets)]
    return Result(
        document,
        (Table(("file", "lines"), [*rows, *secret_rows], numbers=frozenset({1})),),
        next=f"freehold export {kind} --output FOLDER",
    )


def _kinds() -> Result:
    from freehold.cli import exporting

    found = exporting.kinds()
    rows = [(name, one.summary, one.checked) for name, one in found.items()]
    return Result(
        {
            "kind": "",
            "files": [],
            "secrets": [],
            "notes": [],
            "folder": "",
            "written": [],
            "unchanged": [],
            "kinds": [{"name": name, "summary": one.summary, "checked": one.checked} for name, one in found.items()],
        },
        (Table(("kind", "writes", "checked by"), rows),),
        next="freehold export KIND",
    )


def _stream(texts: dict[str, str]) -> str:
    """All files one after the other; a single one as it is."""
    if len(texts) == 1:
        return next(iter(texts.values()))
    return "".join(f"# file: {path}\n{text}" for path, text in texts.items())
