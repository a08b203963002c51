"""What the services' own migrations touch in other services without saying so, as complaints at their lines."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from freehold.errors import Complaint
from freehold.local.migrations import collect
from freehold.spec.crossings import undeclared_crossings
from freehold.spec.model import Platform
from freehold.sqltext import ident


def in_migrations(platform: Platform, base: Path) -> Iterator[Complaint]:
    """One complaint for each undeclared crossing, in order of service, file and line.

    An error where PostgreSQL's own parser found it, a warning where only the text could be searched. Raises
    MigrationError for files that could not run.
    """
    migrations, _ = collect(platform, base)
    for name, files in sorted(migrations.items()):
        service = platform.service(name)
        folder = Path(service.migrations.folder if service.migrations else "")
        for file in files:
            lines = file.text.splitlines()
            for crossing in undeclared_crossings(service, file.text, platform):
                named = ident(crossing.schema, crossing.name) if crossing.name else ident(crossing.schema)
                yield Complaint(
                    file=str(folder / file.name),
                    line=crossing.line,
                    column=1,
                    code="undeclared_crossing",
                    message=f'a migration of service "{name}" names {named}, which belongs to "{crossing.owner}"',
                    text=lines[crossing.line - 1].strip() if crossing.line <= len(lines) else "",
                    hint="Declare it under reads: or references: of the service, or leave it to its owner.",
                    level="error" if crossing.certain else "warning",
                )
