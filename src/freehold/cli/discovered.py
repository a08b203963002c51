"""What was discovered, as a person reads it: services and databases, then what does not fit together."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from freehold.cli.out import Block, Cell, Out, Say, Table, Tone
from freehold.cli.redact import redacted
from freehold.cli.shapes import count, finding_block
from freehold.discover.model import Discovery
from freehold.errors import FreeholdError, LocalStateError
from freehold.finding import Level

_PLACES_SHOWN = 2


def blocks(discovery: Discovery) -> tuple[Block, ...]:
    """The whole answer."""
    return tuple(_blocks(discovery))


def exit_of(discovery: Discovery) -> int:
    """2 when something is wrong, 0 when all there is to say is information."""
    return 2 if any(finding.level is not Level.INFO for finding in discovery.findings) else 0


def read(out: Out, where: str) -> Discovery:
    """The discovery of a folder, with a count on stderr while it runs. Raises LocalStateError."""
    from freehold.discover.run import discover
    from freehold.local import tree

    root = Path(where)
    return discover(tree.sources(root), root.resolve().name, lambda files: out.note(f"  {files} files"))


def declare(out: Out, origin: Path, into: Path, name: str | None) -> Path:
    """Write freehold.yaml of what is found in ``origin``; an existing one stays. Raises FreeholdError."""
    from freehold.discover.declare import declaration
    from freehold.local.folder import write_new

    target = into / "freehold.yaml"
    if target.exists() or target.is_symlink():
        raise FreeholdError(
            f'"{target}" exists already', hint="Nothing was written; choose another folder with --into."
        )
    found = read(out, str(origin))
    try:
        text = declaration(replace(found, root=name or found.root))
    except ValueError as error:
        raise FreeholdError(f'"{origin}": {error}', hint="Run `freehold init` for an empty declaration.") from None
    try:
        into.mkdir(parents=True, exist_ok=True)
        write_new(target, redacted(text).encode("utf-8", "replace"))
    except OSError as error:
        raise LocalStateError(
            f'cannot write "{target}": {(error.strerror or str(error)).lower()}',
            hint="Choose a folder that this account may write to, with --into.",
        ) from None
    return target


def write(discovery: Discovery, *, sarif_file: str | None, page_file: str | None) -> None:
    """The files that were asked for; each appears under its name only when it is complete."""
    from freehold.local.folder import write_atomically

    if sarif_file:
        from freehold import family
        from freehold.cli.sarif import sarif
        from freehold.discover.conflicts._kind import members

        pages = {name: family.page("freehold.discover.conflicts", name) for name in members()}
        text = json.dumps(sarif(discovery.findings, pages), indent=1, ensure_ascii=False) + "\n"
        write_atomically(Path(sarif_file), redacted(text).encode("utf-8", "replace"))
    if page_file:
        from freehold.discover.page import page

        write_atomically(Path(page_file), redacted(page(discovery)).encode("utf-8", "replace"))


def _blocks(discovery: Discovery) -> Iterator[Block]:
    if discovery.services:
        yield Table(
            ("service", "databases", "schemas", "tables", "sure", "seen at"),
            [
                (
                    service.name,
                    ", ".join(service.databases) or Cell("none", Tone.DIM),
                    ", ".join(service.schemas),
                    str(len(service.tables) or ""),
                    f"{service.confidence:.0%}",
                    Cell(", ".join(dict.fromkeys(at.place for at in service.evidence[:_PLACES_SHOWN])), Tone.DIM),
                )
                for service in discovery.services
            ],
            title=count(len(discovery.services), "service"),
            numbers=frozenset({3, 4}),
        )
    if discovery.databases:
        yield Table(
            ("database", "server", "created by", "used by"),
            [
                (
                    database.name,
                    database.server,
                    ", ".join(at.place for at in database.created_by[:_PLACES_SHOWN]) or Cell("nothing", Tone.WARN),
                    ", ".join(database.used_by) or Cell("nothing", Tone.WARN),
                )
                for database in discovery.databases
            ],
            title=count(len(discovery.databases), "database"),
        )
    for finding in discovery.findings:
        yield finding_block(finding)
    if discovery.recommendation.layout:
        yield Say(f"layout {discovery.recommendation.layout} fits best:", Tone.STRONG)
        for reason in discovery.recommendation.reasons:
            yield Say(f"  {reason}")
    levels = [sum(f.level is level for f in discovery.findings) for level in (Level.ERROR, Level.WARNING, Level.INFO)]
    yield Say(
        f"{count(discovery.files, 'file')}, {count(len(discovery.services), 'service')},"
        f" {count(len(discovery.databases), 'database')}; {count(levels[0], 'error')},"
        f" {count(levels[1], 'warning')}, {levels[2]} to know",
        Tone.BAD if levels[0] else Tone.WARN if levels[1] else Tone.GOOD,
    )
