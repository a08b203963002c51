"""Writes the generated pages under docs/ from docstrings, --help and schemas; with --check only says what is stale."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import click

from freehold import family
from freehold.audit.key_types._kind import KeyType
from freehold.cli import eventpage
from freehold.cli.documents import DOCUMENTS, document_schema
from freehold.cli.main import SECTIONS, freehold
from freehold.cli.schemas_of_moves import event_schema
from freehold.discover.conflicts._kind import Conflict
from freehold.discover.live.checks._kind import Check
from freehold.discover.readers._kind import Reader
from freehold.export.carried import SAYS, Carried
from freehold.export.kinds._kind import Exporter
from freehold.layouts.criteria._kind import Criterion
from freehold.layouts.kinds._kind import LayoutKind
from freehold.move import machine
from freehold.move.preflight._kind import Check as MoveCheck
from freehold.plan.model import StepKind
from freehold.prove.model import Attack
from freehold.seed.draws._kind import Draw
from freehold.spec import reference
from freehold.spec.lints._kind import Lint
from freehold.spec.schema import json_schema

FAMILIES: Mapping[str, tuple[str, type, str]] = {
    "lints": ("freehold.spec.lints", Lint, "What `freehold validate` complains about"),
    "layouts": (
        "freehold.layouts.kinds",
        LayoutKind,
        "How schemas are placed into databases and databases onto instances",
    ),
    "checks": ("freehold.discover.live.checks", Check, "What `freehold discover --live` asks of a running server"),
    "criteria": ("freehold.layouts.criteria", Criterion, "What `freehold advise` judges layouts by"),
    "steps": ("freehold.plan.steps", StepKind, "What a plan can consist of"),
    "draws": ("freehold.seed.draws", Draw, "What a column of seed.yaml can be filled with"),
    "attacks": ("freehold.prove.attacks", Attack, "What `freehold prove` tries"),
    "exports": ("freehold.export.kinds", Exporter, "What `freehold export` writes"),
    "readers": ("freehold.discover.readers", Reader, "What `freehold discover` reads"),
    "conflicts": ("freehold.discover.conflicts", Conflict, "What `freehold discover` finds"),
    "key_types": (
        "freehold.audit.key_types",
        KeyType,
        "Which columns can refer to each other, and how `freehold check-references` compares them",
    ),
    "preflight": ("freehold.move.preflight", MoveCheck, "What can be in the way of a move"),
}
"""Every family with a page: its package, its kind, and the page's title."""


_COMMANDS_HEAD = """\
# The command line

Generated from `--help` by `make docs`. `docs/schemas/` holds the JSON Schemas of what `--json` prints.
"""


def pages() -> Iterator[tuple[str, str]]:
    """Every generated file by its path under docs/, and its content."""
    for name, (package, kind, title) in FAMILIES.items():
        yield f"{name}.md", _family_page(package, kind, title)
    yield "cli.md", _commands_page()
    yield "declaration.md", reference.page()
    yield "move-states.md", _states_page()
    yield "move-events.md", eventpage.page()
    yield "schemas/move-events.json", _json(event_schema())
    yield "freehold.schema.json", json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"
    for command in sorted(DOCUMENTS):
        yield f"schemas/{command}.json", _json(document_schema(command))


def _family_page(package: str, kind: type, title: str) -> str:
    found: Mapping[str, object] = family.members(package, kind)
    parts = [f"# {title}\n\nGenerated from the sources by `make docs`; one section for each file of `{package}`.\n"]
    if exporters := {name: member for name, member in found.items() if isinstance(member, Exporter)}:
        parts.append(_carried(exporters))
    for name, member in found.items():
        parts.append(f"## {name}\n\n{_markdown(family.page(package, name))}\n")
        if isinstance(member, Criterion):
            parts.append(f"Weight {member.weight:g} where the declaration gives no other under `weights:`.\n")
        if isinstance(member, Draw) and member.keys:
            parts.append(_keys_of(member))
    return "\n".join(parts)


def _carried(exporters: Mapping[str, Exporter]) -> str:
    """Which facts each kind carries, as a table."""
    rows = [
        f"| {name} | " + " | ".join("yes" if fact in kind.carries else "" for fact in Carried) + " |"
        for name, kind in exporters.items()
    ]
    return "\n".join(
        (
            "## What is read back\n",
            "What the files say of the platform, each in its format's own place: `freehold discover` reads these facts",
            "back, no more and no less, as the tests try with all five examples. What a format has no place for is in",
            "Freehold's declaration alone.\n",
            "Names are read as they are, with spaces, quotes and all that looks like a template: the first line of a",
            "file says that Freehold wrote it, and so that nobody fills anything in. Take that line away and what",
            "looks like a variable counts as one. Names with a line break are not among those that are tried.\n",
            *(f"- {fact.value}: {says}" for fact, says in SAYS.items()),
            "",
            f"| kind | {' | '.join(fact.value for fact in Carried)} |",
            f"|---|{'---|' * len(Carried)}",
            *rows,
            "",
        )
    )


def _keys_of(draw: Draw) -> str:
    """The keys of a draw as a table."""
    rows = [f"| `{key}`{' (alone)' if key == draw.short else ''} | {says} |" for key, says in draw.keys.items()]
    return "\n".join(("| key | what it says; its default |", "|---|---|", *rows)) + "\n"


def _markdown(docstring: str) -> str:
    """A docstring as Markdown: blocks under ``Word:`` that are indented become code."""
    lines: list[str] = []
    inside = False
    for line in docstring.strip("\n").splitlines():
        indented = line.startswith("    ")
        if indented and not inside:
            if lines and lines[-1]:
                lines.append("")
            lines.append("```")
            inside = True
        elif inside and line and not indented:
            while lines and not lines[-1]:
                lines.pop()
            lines += ["```", ""]
            inside = False
        lines.append(line[4:] if inside else line)
    if inside:
        lines.append("```")
    return "\n".join(line.rstrip() for line in lines).rstrip()


def _states_page() -> str:
    parts = ["# The states of a move\n\nGenerated from `freehold.move.machine` by `make docs`.\n"]
    parts.append(f"```mermaid\n{machine.diagram()}```\n\n| from | by | to | what happens |\n|---|---|---|---|")
    parts += [f"| {one.start.value} | `{one.by}` | {one.end.value} | {one.what} |" for one in machine.TABLE]
    return "\n".join(parts) + "\n"


def _commands_page() -> str:
    parts = [_COMMANDS_HEAD, _help(freehold, "freehold", None)]
    root = click.Context(freehold, info_name="freehold")
    for section in SECTIONS.values():
        for name in section:
            found = freehold.get_command(root, name)
            if found is not None:
                parts.append(_help(found, f"freehold {name}", root))
    return "\n".join(parts)


def _help(command: click.Command, title: str, parent: click.Context | None) -> str:
    name = title.rpartition(" ")[2]
    context = click.Context(command, info_name=name, parent=parent, terminal_width=100)
    return f"## {title}\n\n```text\n{command.get_help(context).rstrip()}\n```\n"


def _json(document: Mapping[str, object]) -> str:
    return json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def stale(folder: Path) -> list[str]:
    """The generated files under ``folder`` that are missing, different, or no longer generated."""
    found: list[str] = []
    expected = dict(pages())
    for name, content in expected.items():
        path = folder / name
        if not path.is_file() or path.read_text(encoding="utf-8") != content:
            found.append(name)
    found += [
        f"schemas/{path.name}"
        for path in sorted((folder / "schemas").glob("*.json"))
        if f"schemas/{path.name}" not in expected
    ]
    return found


def main(arguments: list[str]) -> int:
    """Write the pages into the folder named, or with --check compare them."""
    check = "--check" in arguments
    folder = Path(next(argument for argument in arguments if not argument.startswith("--")))
    if check:
        old = stale(folder)
        for name in old:
            print(f"{folder / name} is not current; run `make docs`", file=sys.stderr)
        return 1 if old else 0
    for name, content in pages():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
