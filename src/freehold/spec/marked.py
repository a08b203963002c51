"""Where in its files a declaration says something whose list was sorted: sought by what it says."""

from __future__ import annotations

from freehold.spec.model import Mark, Platform, Reference, TableName
from freehold.spec.names import dotted, parse_columns, parse_table


def reference_at(platform: Platform, service: str, reference: Reference) -> tuple[Mark, str]:
    """Where a reference is declared, and how it is written."""
    here = ("services", service, "references")
    at = 0
    while dotted(*here, at) in platform.marks:
        ends = [platform.written.get(dotted(*here, at, end), "") for end in ("from", "to")]
        if [_parsed(end) for end in ends] == [
            (reference.table, reference.columns),
            (reference.to_table, reference.to_columns),
        ]:
            return platform.marks[dotted(*here, at)], f"{{from: {ends[0]}, to: {ends[1]}}}"
        at += 1
    return nearest(platform, *here), ""


def read_at(platform: Platform, service: str, table: TableName) -> Mark:
    """Where a read is declared, in its short form or its long one."""
    here = ("services", service, "reads")
    at = 0
    while dotted(*here, at) in platform.marks:
        written = platform.written.get(dotted(*here, at)) or platform.written.get(dotted(*here, at, "table"), "")
        try:
            if parse_table(written) == table:
                return platform.marks[dotted(*here, at)]
        except ValueError:
            pass
        at += 1
    return nearest(platform, *here)


def nearest(platform: Platform, *path: str | int) -> Mark:
    """The place of a path, or of the nearest thing around it that has one."""
    for length in range(len(path), 0, -1):
        mark = platform.marks.get(dotted(*path[:length]))
        if mark is not None:
            return mark
    return platform.marks.get("", Mark(platform.file, 1, 1))


def _parsed(text: str) -> tuple[TableName, tuple[str, ...]] | None:
    try:
        return parse_columns(text)
    except ValueError:
        return None
