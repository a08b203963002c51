"""Which options belong to which action of `freehold move`; what to type instead is said where they do not fit."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence

import click
from click.core import ParameterSource

AUTO, STATUS = "auto", "status"

OF: Mapping[str, tuple[str, ...]] = {
    "layout": ("start", "auto"),
    "to_instance": ("start", "auto"),
    "to_database": ("start", "auto"),
    "jobs": ("start", "auto", "verify", "resume"),
    "pause_ms": ("cutover", "rollback", "auto"),
    "lag_ms": ("cutover", "rollback", "auto"),
    "tries": ("cutover", "rollback", "auto"),
    "soak_ms": ("auto",),
    "anew": ("cutover", "rollback"),
    "within_ms": ("cutover",),
    "unverified": ("cutover", "rollback", "complete"),
    "sample": ("verify",),
    "seed": ("verify",),
    "counts": ("verify",),
    "repair": ("verify",),
    "right": ("verify",),
    "for_ms": ("verify",),
    "dry_run": ("start", "auto", "purge"),
    "no_backup": ("start", "auto", "resume"),
    "older_ms": ("purge",),
    "yes": ("complete", "abort", "purge"),
}
"""The actions that an option is for, by the name of its parameter; the first is offered to whoever gave none."""

LIMITS = frozenset({"jobs", "pause_ms", "lag_ms", "tries", "soak_ms", "within_ms", "seed", "no_backup", "yes"})
"""Options that only say how much or how long; they may stand beside any action, those that it has no use for too."""


def chosen(context: click.Context, action: str | None, *, auto: bool) -> str:
    """The action that is asked for, which is ``status`` only where nothing but services was named.

    Raises UsageError with what to type where an option does not fit.
    """
    if auto and action not in (None, AUTO):
        raise click.UsageError(f"--auto is an action of its own: type `{_line(context, '--auto')}`")
    if action is None and auto:
        action = AUTO
    for name in _given(context):
        mine = OF[name]
        if action is None or (action not in mine and name not in LIMITS):
            raise click.UsageError(_instead(context, action, name, mine))
    return action or STATUS


def _instead(context: click.Context, action: str | None, name: str, mine: Sequence[str]) -> str:
    option = next(one for one in context.command.params if one.name == name).opts[0]
    if action is not None:
        return f"{option} is not for {action}; it is for `{_line(context, mine[0])}`"
    ways = [f"`{_line(context, '--auto' if one == AUTO else one)}`" for one in mine]
    return f"say what to do with {option}: type {' or '.join(ways)}"


def _line(context: click.Context, action: str) -> str:
    """The command with another action, and with those of the given options that it takes."""
    real = AUTO if action == "--auto" else action
    words = ["freehold", "move", action]
    for option in context.command.params:
        name = option.name or ""
        if name == "services" or (name in _given(context) and real in OF[name]):
            for value in _values(name, context.params[name]):
                words += [option.opts[0], *value]
    return shlex.join(words)


def _given(context: click.Context) -> list[str]:
    return [one for one in OF if context.get_parameter_source(one) is ParameterSource.COMMANDLINE]


def _values(name: str, value: object) -> list[list[str]]:
    """What follows an option each time that it was given."""
    from freehold.units import show_ms

    match value:
        case True:
            return [[]]
        case int() if name.endswith("_ms"):
            return [[show_ms(value)]]
        case tuple():
            return [[str(one)] for one in value]
        case _:
            return [[str(value)]]
