"""What the journal says of a step."""

from __future__ import annotations

from collections.abc import Iterable

from freehold.found.journal import Entry
from freehold.plan.model import Effect, Later, RunCommand, RunMigration, Statement, Step, WriteHba

SHOWN_CHARACTERS = 20_000
"""A migration may be megabytes; its file and digest say the rest."""


def entry(step: Step, effects: Iterable[Effect], outcome: str, duration_ms: float | None = None) -> Entry:
    """The row of a step; secrets are shown as ``<password>``."""
    text = ";\n".join(shown(effect) for effect in effects)
    if len(text) > SHOWN_CHARACTERS:
        text = text[:SHOWN_CHARACTERS] + "\n-- cut"
    return Entry(step.action.value, step.kind, step.name, step.service, step.database or "", text, outcome, duration_ms)


def shown(effect: Effect) -> str:
    """What an effect sends, fit to print."""
    match effect:
        case Statement(text):
            return text.shown()
        case WriteHba(lines):
            return "\n".join(("-- pg_hba.conf", *lines))
        case RunMigration():
            return f"-- {effect.name} sha256 {effect.sha256}\n{effect.sql.shown()}"
        case RunCommand():
            return f"-- {effect.command}"
        case Later():
            return ";\n".join(("-- worked out when sent", *(statement.shown() for statement in effect.planned)))
