"""What all commands share: the options -f and --json, the call they are given, and how they end."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, wraps
from typing import TYPE_CHECKING

import click

from freehold.cli.out import Out, Result
from freehold.errors import FreeholdError

if TYPE_CHECKING:
    from freehold.cli.context import Context


@dataclass(frozen=True)
class Call:
    """One invocation: where its answer goes, and the platform it is about."""

    out: Out
    file: str | None
    quiet: bool = False

    @cached_property
    def context(self) -> Context:
        """The platform named on the command line; read on first use, since not every command has one."""
        # the first sign of life: everything heavy is imported after this line
        if not self.quiet:
            self.out.note(f"freehold {self.out.command}: reading {self.file or 'the nearest freehold.yaml'}")
        from freehold.cli.context import Context

        return Context(self.file, self.out)


def command(*, about_platform: bool = True, quiet: bool = False) -> Callable[[Callable[..., Result]], click.Command]:
    """Make a click command named like the function (``_`` is ``-``), with --json, with -f when about a platform.

    ``quiet`` is for a command whose answer is used inside another one.
    """

    def decorate(function: Callable[..., Result]) -> click.Command:
        name = function.__name__.replace("_", "-")

        @wraps(function)
        def callback(**values: object) -> int:
            out = Out(name, as_json=bool(values.pop("as_json")))
            file = values.pop("file", None)
            try:
                result = function(Call(out, str(file) if file else None, quiet), **values)
            except FreeholdError as error:
                out.failure(error)
                return error.exit_status
            out.answer(result)
            return result.exit

        wrapped: Callable[..., int] = click.option(
            "--json", "as_json", is_flag=True, help="Answer with one JSON document on stdout."
        )(callback)
        if about_platform:
            wrapped = click.option(
                "-f",
                "--file",
                metavar="FILE",
                envvar="FREEHOLD_FILE",
                help="The declaration; else FREEHOLD_FILE, else the nearest freehold.yaml upward from here.",
            )(wrapped)
        return click.command(name=name)(wrapped)

    return decorate


def duration(context: click.Context, parameter: click.Parameter, value: str) -> int:
    """The callback of an option that takes a time: milliseconds."""
    from freehold.units import parse_ms

    try:
        return parse_ms(value)
    except ValueError:
        raise click.BadParameter("write a number and one of ms, s, min, as 500ms") from None


def size(context: click.Context, parameter: click.Parameter, value: str) -> int:
    """The callback of an option that takes a size: bytes."""
    from freehold.units import parse_bytes

    try:
        return parse_bytes(value)
    except ValueError:
        raise click.BadParameter("write a number and one of MB, GB, as 4GB") from None


def interactive() -> bool:
    """Whether there is a person who can be asked: never prompt otherwise."""
    return sys.stdin.isatty() and sys.stderr.isatty() and not os.environ.get("CI")


def agree(question: str, *, yes: bool, otherwise: str) -> None:
    """Ask for a yes; with ``yes`` do not ask. Raises FreeholdError when nobody can be asked or the answer is no."""
    if yes:
        return
    if not interactive():
        raise FreeholdError(f"{otherwise}, and there is no terminal to ask on", hint="Add --yes to do it unasked.")
    if not click.confirm(question, err=True):
        raise FreeholdError(f"{otherwise}: not confirmed", hint="Nothing was changed.")


def agree_by_name(name: str, *, confirm: str | None, what: str) -> None:
    """Ask for the platform's name to be typed; ``confirm`` is the same from the command line."""
    if confirm is None:
        if not interactive():
            raise FreeholdError(
                f"{what} asks for the platform's name, and there is no terminal to ask on",
                hint=f"Add --confirm {name} to do it unasked.",
            )
        confirm = click.prompt(f'{what}. Type the platform\'s name, "{name}", to go on', err=True)
    if confirm != name:
        raise FreeholdError(
            f'the name typed, "{confirm}", is not the platform\'s name "{name}"', hint="Nothing was changed."
        )
