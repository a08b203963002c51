"""Where a text names archived files, and what it must say instead.

A reference is the path of an archived file as it is written from the folder of the text, or from the root, standing
alone: no letter, digit or other part of a path touches it. It is rewritten in files of kinds that hold paths as plain
text, so that what used the file goes on using it. What cannot be rewritten is named with its place: a path that begins
with a variable or is absolute, a folder that holds the file, its bare name, and anything in a program's source.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from posixpath import basename, dirname, relpath

from freehold.archive.model import Reference

UNDERSTOOD = (".yaml", ".yml", ".sql", ".sh", ".bash", ".md", ".toml", ".json", ".mk")
_NAMES = ("dockerfile", "containerfile", "makefile")
_PLAIN = re.compile(r"[A-Za-z0-9_./@+-]+")
_PART = re.compile(r"[\w.@+/\\$}-]")
"""What a path may go on with, so that ``init.sql`` is not found in ``old-init.sql`` or ``init.sql.gz``."""


def references(file: str, text: str, moved: Mapping[str, str]) -> tuple[Reference, ...]:
    """Every place in ``text`` that names a file of ``moved`` (old path to new one), in order, without overlaps."""
    found: dict[int, Reference] = {}
    taken: list[tuple[int, int]] = []

    def free(start: int, end: int) -> bool:
        return all(end <= one or start >= other for one, other in taken)

    # the longest first: a path holds the bare name, and that of a file deeper down may hold another one's
    for old, new in sorted(moved.items(), key=lambda pair: (-len(pair[0]), pair[0])):
        for base in dict.fromkeys((dirname(file), "")):
            written = relpath(old, base or ".")
            if "/" not in written and base != dirname(file):
                continue
            for start, end in _occurrences(text, written):
                if free(start, end):
                    taken.append((start, end))
                    found[start] = _reference(file, text, start, end, base, new)
    for old in moved:
        for start, end in _occurrences(text, basename(old)):
            if free(start, end):
                taken.append((start, end))
                found[start] = _left(file, text, start, end, "only the name of the file is written, not its path")
        for folder, start, end in _folders(file, text, old):
            if free(start, end):
                taken.append((start, end))
                found[start] = _left(file, text, start, end, f'the folder "{folder}" is named, not the file')
    return tuple(found[start] for start in sorted(found))


def rewritten(text: str, places: tuple[Reference, ...]) -> str:
    """``text`` with every reference that can be rewritten."""
    parts: list[str] = []
    last = 0
    for place in sorted(places, key=lambda one: one.start):
        if place.new:
            parts += [text[last : place.start], place.new]
            last = place.end
    return "".join((*parts, text[last:]))


def understood(file: str) -> bool:
    """Whether paths stand in files of this kind as plain text."""
    name = basename(file).lower()
    return name.endswith(UNDERSTOOD) or name.split(".")[0] in _NAMES


def _reference(file: str, text: str, start: int, end: int, base: str, new: str) -> Reference:
    old = text[start:end]
    written = relpath(new, base or ".")
    if text[max(0, start - 1) : start] == "/" or text[max(0, start - 2) : start] in ("}/", ")/"):
        return _left(file, text, start, end, "what the path begins with is not known")
    if not understood(file):
        return _left(file, text, start, end, "the file is of a kind that is not rewritten")
    if not _PLAIN.fullmatch(written):
        return _left(file, text, start, end, "the new path would need quotes")
    if old.startswith("./") and not written.startswith("."):
        written = f"./{written}"
    return Reference(file, _line(text, start), start, end, old, written)


def _left(file: str, text: str, start: int, end: int, why: str) -> Reference:
    return Reference(file, _line(text, start), start, end, text[start:end], "", why)


def _line(text: str, offset: int) -> int:
    return text.count("\n", 0, offset) + 1


def _occurrences(text: str, written: str) -> Iterator[tuple[int, int]]:
    """Where ``written`` stands alone; a ``./`` before it belongs to it."""
    start = text.find(written)
    while start >= 0:
        end = start + len(written)
        begin = start
        while text[:begin].endswith("./") and not text[:begin].endswith("../"):
            begin -= 2
        before, after = text[max(0, begin - 1) : begin], text[end : end + 1]
        # a dot that ends a sentence does not go on with the path
        goes_on = after == "." and bool(_PART.match(text[end + 1 : end + 2]))
        if not (_PART.match(before) and before != "/") and not (_PART.match(after) and (after != "." or goes_on)):
            if before == "/":
                yield start, end
            else:
                yield begin, end
        start = text.find(written, start + 1)


def _folders(file: str, text: str, old: str) -> Iterator[tuple[str, int, int]]:
    """A volume of Compose or a COPY that takes the folder of the file."""
    if not file.endswith((".yaml", ".yml")) and not basename(file).lower().startswith(("dockerfile", "containerfile")):
        return
    folder = dirname(old)
    while folder:
        written = relpath(folder, dirname(file) or ".")
        shown = re.escape(written)
        for match in re.finditer(rf"(?:^|[\s\"'=-])((?:\./)?{shown}/?)(?=[:\s\"',]|$)", text, re.MULTILINE):
            if written not in (".", "..") and ("/" in match[1]):
                yield folder, match.start(1), match.end(1)
        folder = dirname(folder)
