"""Run every lint over a platform and place what it says in the files."""

from __future__ import annotations

import re
from collections.abc import Iterable

from freehold.errors import Complaint
from freehold.spec.lints._kind import Lint, Note, members
from freehold.spec.model import Mark, Platform
from freehold.spec.names import dotted, parse_columns, parse_table, show_table, slug
from freehold.spec.nodes import masked


def check(platform: Platform, today: str = "") -> tuple[Complaint, ...]:
    """All complaints of all lints, in file order; ``today`` (ISO day) is needed by those that judge dates.

    A warning whose key ``code:service:object`` stands under ``ignore:`` is left out; errors cannot be ignored.
    """
    ignored = {ignore.key for ignore in platform.ignores if not (today and ignore.until and ignore.until < today)}
    found = {
        _complaint(platform, rule, note)
        for rule in members().values()
        for note in rule.run(platform, today)
        if rule.level == "error" or f"{rule.name}:{note.service}:{note.object}" not in ignored
    }
    return tuple(sorted(found, key=lambda c: (c.file != platform.file, c.file, c.line, c.column, c.code, c.message)))


def _complaint(platform: Platform, rule: Lint, note: Note) -> Complaint:
    path, mark = _place(platform, (*note.path, *_item(platform, note)))
    text = note.text or platform.written.get(path) or (str(note.path[-1]) if note.path else "")
    shown = [_hidden(part, platform.resolved.items(), platform) for part in (note.message, masked(text), note.hint)]
    return Complaint(mark.file, mark.line, mark.column, rule.name, shown[0], shown[1], shown[2], rule.level)


def _item(platform: Platform, note: Note) -> tuple[str | int, ...]:
    """The item of a list that the note is about: the lists of a Platform are sorted, so it is sought by its text."""
    path = dotted(*note.path)
    index = 0
    while f"{path}.{index}" in platform.marks:
        for tail in ((), ("from",), ("to",)):
            written = platform.written.get(dotted(*note.path, index, *tail))
            if written is not None and note.object in (written, _table(written)):
                return (index, *tail)
        index += 1
    return ()


def _table(text: str) -> str:
    try:
        return show_table(parse_columns(text)[0] if text.rstrip().endswith(")") else parse_table(text))
    except ValueError:
        return ""


def _place(platform: Platform, parts: tuple[str | int, ...]) -> tuple[str, Mark]:
    if parts[:2] == ("servers", "main") and "servers" not in platform.marks:
        parts = ("server", *parts[2:])  # the short form of the only server
    for end in range(len(parts), 0, -1):
        path = dotted(*parts[:end])
        if path in platform.marks:
            return path, platform.marks[path]
    return "", platform.marks.get("", Mark(platform.file, 1, 1))


def _hidden(text: str, resolved: Iterable[tuple[str, str]], platform: Platform) -> str:
    """``text`` with every value that came from the environment replaced by how the file writes it.

    A value may have become part of a longer name, a slug, or the parts of a table, so those are sought as well.
    """
    for path, value in resolved:
        forms = {value, slug(value), value.replace('"', '""'), *re.split(r"[^\w-]+", value)}
        for form in sorted(forms, key=lambda form: (-len(form), form)):
            if not form or form not in text:
                continue
            # A very short value stands in many words; there only the whole word is taken for it.
            sought = re.escape(form) if len(form) > 2 else rf"(?<!\w){re.escape(form)}(?!\w)"
            text = masked(platform.written[path]).join(re.split(sought, text))
    return text
