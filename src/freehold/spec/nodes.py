"""YAML text as a tree of nodes that know their place, or one complaint about what is not YAML."""

from __future__ import annotations

import re
from dataclasses import dataclass

import yaml

from freehold.errors import Complaint

TEXT_CHARS_MAX = 8_000_000
"""About forty thousand services: more is not a declaration but an accident."""

DEPTH_MAX = 32
"""A declaration nests six levels deep; libyaml's composer recurses in C and crashes on a hundred thousand."""

_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_PASSWORD = re.compile(r"(://[^:/@\s]*:)\S*@|((?:password|passwd|secret|token)[\"']?\s*[=:]\s*)\S+", re.IGNORECASE)
_TEXT_SHOWN_CHARS_MAX = 120

_HINTS = (
    (
        "character that cannot start any token",
        "Indent with spaces, and quote a value that starts with @, `, % or a tab.",
    ),
    ("another document", "Keep one document in a file: remove the line ---."),
    ("undefined alias", "Define the anchor (&name) before the alias (*name), or quote a value that starts with *."),
    ("mapping values are not allowed", "Check the indentation, and quote a value that contains a colon and a space."),
    ("expected ',' or", "Close the bracket; quote a value with ${...}, commas or brackets inside [ ] or { }."),
    ("end of stream", "Close the quote or the bracket that is opened here."),
    ("could not find expected ':'", "Write key: value, with a space after the colon."),
    ("block", "Check the indentation of this line against the lines around it."),
    ("tag", "Leave out the tag: every value is read as its key needs."),
)


@dataclass(frozen=True, slots=True)
class Broken(Exception):
    """The text is not one YAML document; ``complaint`` says where and why."""

    complaint: Complaint


def masked(text: str) -> str:
    """``text`` fit to print in a complaint: cut, and without the password of any URL in it."""
    safe = _PASSWORD.sub(lambda m: f"{m[1]}***@" if m[1] else f"{m[2]}***", text[:4000])
    return safe if len(safe) <= _TEXT_SHOWN_CHARS_MAX else safe[: _TEXT_SHOWN_CHARS_MAX - 3] + "..."


def compose(file: str, text: str) -> yaml.Node | None:
    """The root node of the only document of ``text``; None when it holds nothing but comments.

    Raises Broken for anything else, whatever the text is.
    """
    body = text.removeprefix("\ufeff")
    if len(body) > TEXT_CHARS_MAX:
        raise _broken(file, body, 0, 0, f"the file has more than {TEXT_CHARS_MAX} characters", _SPLIT)
    bad = _FORBIDDEN.search(body)
    if bad is not None:
        line, column = _place(body, bad.start())
        message = f"character U+{ord(bad[0]):04X} cannot stand in a declaration"
        raise _broken(file, body, line, column, message, 'Remove it, or write it as "\\x1b" inside double quotes.')
    try:
        if _may_be_deep(body):
            _measure(file, body)
        loader = yaml.CSafeLoader(body)
        try:
            root: yaml.Node | None = loader.get_single_node()
        finally:
            loader.dispose()
    except yaml.YAMLError as error:
        raise _mapped(file, body, error) from None
    return root


_SPLIT = "Split it with include: one file for each service."


def _may_be_deep(text: str) -> bool:
    # Block nesting needs columns and flow nesting needs brackets, so most texts are cleared without a parse;
    # five thousand levels were seen to fit the stack, a hundred thousand were not.
    return text.count("[") + text.count("{") > 4500 or max(map(len, text.splitlines()), default=0) > 1000


def _measure(file: str, text: str) -> None:
    depth = 0
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > DEPTH_MAX:
                line, column = (
                    (event.start_mark.line, event.start_mark.column) if event.start_mark is not None else (0, 0)
                )
                message = f"the declaration nests more than {DEPTH_MAX} levels deep"
                raise _broken(file, text, line, column, message, "A declaration needs six; check the brackets.")
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


def _mapped(file: str, text: str, error: yaml.YAMLError) -> Broken:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    context = getattr(error, "context_mark", None)
    problem = str(getattr(error, "problem", None) or "the text is not YAML")
    if context is not None and mark is not None and mark.line >= text.count("\n") and context.line < mark.line:
        mark = context  # what was never closed is found missing at the end, but it is wrong where it opens
    hint = next(
        (hint for words, hint in _HINTS if words in problem), "See docs/declaration.md for the form of the file."
    )
    line, column = (mark.line, mark.column) if mark is not None else (0, 0)
    return _broken(file, text, line, column, f"not YAML: {problem}", hint)


def _broken(file: str, text: str, line: int, column: int, message: str, hint: str) -> Broken:
    lines = re.split("\r\n|[\r\n\x85\u2028\u2029]", text[:TEXT_CHARS_MAX])  # as libyaml counts lines
    while line > 0 and (line >= len(lines) or not lines[line]):  # what is missing at the end is shown at the last text
        line -= 1
        column = len(lines[line]) if line < len(lines) else 0
    shown = masked(lines[line].strip()) if line < len(lines) else ""
    return Broken(Complaint(file, line + 1, column + 1, "not_yaml", message, shown, hint))


def _place(text: str, index: int) -> tuple[int, int]:
    before = text[:index]
    return before.count("\n"), index - (before.rfind("\n") + 1)
