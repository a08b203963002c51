"""What was done to a platform, as the journals of all its databases tell together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from freehold.cli.context import Context
from freehold.errors import FreeholdError, ServerError
from freehold.finding import JsonObject
from freehold.sqltext import Sql


def runs(context: Context, last: int) -> list[JsonObject]:
    """The last runs, as the journals of all databases tell together."""
    from freehold.apply import history

    rows = [row for _, _, rows in _journals(context, history.runs(context.platform.name, last)) for row in rows]
    return [run.as_json() for run in history.merged(rows, last)]


def steps(context: Context, run: str) -> list[JsonObject]:
    """Every step of one run, oldest first."""
    from freehold.apply import history

    names = ("at", "outcome", "database", "action", "kind", "name", "service", "duration_ms", "error")
    found = [
        {"instance": instance, **dict(zip(names, row, strict=True))}
        for instance, _, rows in _journals(context, history.steps(context.platform.name, run))
        for row in rows
    ]
    if not found:
        raise FreeholdError(f'no journal knows a run "{run}"', hint="`freehold journal` lists the last ones.")
    return sorted(found, key=lambda step: str(step["at"]))


def _journals(context: Context, question: Sql) -> Iterator[tuple[str, str | None, Sequence[Sequence[object]]]]:
    """Ask every journal of the platform: those of its databases and of the maintenance databases."""
    from freehold.apply.history import HAS_JOURNAL

    context.all_reachable()
    places: list[tuple[str, str | None]] = [(instance.name, None) for instance in context.placements.instances]
    for instance, database in (*places, *context.placements.databases()):
        try:
            session = context.servers.admin(instance, database)
        except ServerError as error:
            if error.sqlstate != "3D000":  # the database is declared and not there yet
                raise
            continue
        try:
            if session.query(HAS_JOURNAL)[0][0]:
                yield instance, database, session.query(question)
        finally:
            session.close()
