"""What is wrong with the services' own migrations, seen without a server, as complaints at their lines."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from freehold.errors import Complaint
from freehold.local.migrations import collect
from freehold.spec.crossings import undeclared_crossings
from freehold.spec.model import Platform
from freehold.spec.names import show_table
from freehold.spec.series_keys import keys_without_time
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


def keys_in_migrations(platform: Platform, base: Path, services: Iterable[str] | None = None) -> Iterator[Complaint]:
    """One complaint for each key of a time series that does not hold its time column; only of ``services`` if given."""
    migrations, _ = collect(platform, base)
    for name, files in sorted(migrations.items()):
        if services is not None and name not in services:
            continue
        service = platform.service(name)
        folder = Path(service.migrations.folder if service.migrations else "")
        texts = {file.name: file.text.splitlines() for file in files}
        for key in keys_without_time(service, ((file.name, file.text) for file in files)):
            lines = texts[key.file]
            columns, shown = ", ".join(key.columns), show_table(key.table)
            yield Complaint(
                file=str(folder / key.file),
                line=key.line,
                column=1,
                code="key_without_time",
                message=f'key "{key.name}" ({columns}) of time series {shown} does not hold "{key.missing}"',
                text=lines[key.line - 1].strip() if key.line <= len(lines) else "",
                hint=key.remedy,
            )
