"""The entry of the command line: finds the command without importing the others, and turns ends into exit codes."""

from __future__ import annotations

import os
import sys
from types import TracebackType
from typing import Never

import click

from freehold import __version__

SECTIONS: dict[str, dict[str, str]] = {
    "Every day": {
        "up": "Start what is ours to start, apply, prove, and print where everything is.",
        "status": "Show instances, services and drift.",
        "url": "Print a connection string of a service.",
        "pool": "Show or steer the connection pools of the services.",
        "down": "Stop the embedded instances; the data stays.",
    },
    "What is there": {
        "discover": "Say which service uses which database, from a repository, a running server or both, and where "
        "they contradict each other.",
    },
    "The declaration": {
        "init": "Write a starter freehold.yaml, copy an example platform, or begin with what a repository has today.",
        "validate": "Check the declaration and the migrations it names, without a server.",
        "advise": "Score every layout for the declared services, and say what would change the answer.",
        "schema": "Print the JSON Schema of the declaration, for editors.",
    },
    "Changing the servers": {
        "plan": "Show the steps that lead from what is there to what is declared.",
        "apply": "Make the steps of a plan, journalled and in order.",
        "adopt": "Split a database that was there before into the schemas of its services, while it is in use.",
        "move": "Move services to another layout, database or instance while they are in use, and back.",
        "diff": "Show where the servers differ from the declaration.",
        "maintain": "Make partitions ahead, drop and delete what is too old, and say what is held.",
        "journal": "Show the last runs of apply as the servers recorded them.",
        "destroy": "Drop every declared object, with its data.",
    },
    "Data": {
        "seed": "Fill the tables with made-up rows, the same every time.",
    },
    "Other tools": {
        "export": "Write the platform as files of another tool, without a secret in them.",
        "archive": "Move legacy files that findings name out of the way, and back.",
    },
    "Proof and health": {
        "prove": "Attack the platform and show whether every service is isolated.",
        "check-references": "Find rows that refer to a row of another service that is not there.",
        "doctor": "Say what this machine and its PostgreSQL binaries can do.",
    },
}
"""Every command with its summary, so that --help need not import a single one of them."""

INTERRUPTED = 130
"""Exit code after Ctrl-C, as shells expect it."""


class Commands(click.Group):
    """The group of all commands; a command's module is imported only when that command is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [name for section in SECTIONS.values() for name in section]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.list_commands(ctx):
            return None
        from importlib import import_module

        module = cmd_name.replace("-", "_")
        found: object = getattr(import_module(f"freehold.cli.commands.{module}"), module)
        if not isinstance(found, click.Command):
            raise LookupError(f"freehold.cli.commands.{module} declares no command named {cmd_name}")
        return found

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0] if args else ""
        if name and not name.startswith("-") and name not in self.list_commands(ctx):
            from difflib import get_close_matches

            near = get_close_matches(name, self.list_commands(ctx), n=1)
            hint = f' Did you mean "{near[0]}"?' if near else " Run `freehold --help` to see all commands."
            raise click.UsageError(f'there is no command "{name}".{hint}', ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for title, commands in SECTIONS.items():
            with formatter.section(title):
                formatter.write_dl(list(commands.items()))
        with formatter.section("Exit codes"):
            formatter.write_dl(
                [
                    ("0", "done, and nothing is left to do"),
                    ("1", "an error; the message says what to do"),
                    ("2", "changes are pending, or the proof has findings"),
                    ("3", "partly done, or a server cannot be reached"),
                    ("130", "interrupted"),
                ]
            )


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, "-V", "--version", prog_name="freehold")
def freehold() -> None:
    """Declare who owns which data on PostgreSQL, apply it, and prove the isolation by attacking it.

    Freehold reads the file named by -f, else FREEHOLD_FILE, else the nearest freehold.yaml upward from here.
    Start with `freehold init`, then `freehold up`.
    """


def main() -> Never:
    """Run the command line and exit. Unexpected errors go through ``report_defect``."""
    sys.excepthook = report_defect
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            # a terminal that cannot show a character must not end a command half-way
            stream.reconfigure(errors="backslashreplace")
    try:
        status = freehold.main(standalone_mode=False, prog_name="freehold")
        sys.stdout.flush()
        sys.exit(status if isinstance(status, int) else 0)
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        sys.exit(1)
    except click.ClickException as error:
        # 2 is taken: it says that changes are pending
        error.show()
        sys.exit(1)
    except (click.Abort, KeyboardInterrupt) as error:
        # click has ended the line of ^C already
        start = "" if isinstance(error, click.Abort) else "\n"
        print(f"{start}freehold: interrupted; what is done stays, run the same command again", file=sys.stderr)
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        # the reader went away (`freehold plan | head`); keep the interpreter from complaining while it exits
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)


def report_defect(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Say on stderr that Freehold itself failed, and where. No value of a variable is shown, nor the error's text,
    unless FREEHOLD_DEBUG is set: either could hold a secret."""
    import traceback

    from freehold.cli.redact import redacted

    if os.environ.get("FREEHOLD_DEBUG"):
        print(redacted("".join(traceback.format_exception(kind, error, trace))), file=sys.stderr, end="")
        return
    frames = traceback.extract_tb(trace)
    place = ""
    if frames:
        file = frames[-1].filename.rpartition("/")[2]
        place = f" in {frames[-1].name}, line {frames[-1].lineno} of {file}"
    print(f"freehold: an unexpected {kind.__name__}{place}", file=sys.stderr)
    print("  This is a defect in Freehold. Run again with FREEHOLD_DEBUG=1 to see the traceback.", file=sys.stderr)
