"""Dockerfiles: what an image is built on, the variables it sets, and the scripts it gives a server to start with."""

from __future__ import annotations

import re
from collections.abc import Iterator

from freehold.discover import places
from freehold.discover.facts import BuiltFrom, Fact, Mounted, Unit, Variable
from freehold.discover.readers._kind import Source, reader
from freehold.discover.readers._shared import INITDB

_NAMED = re.compile(r"(^|/)(Dockerfile([._-][\w.-]+)?|[\w.-]+\.[Dd]ockerfile|Containerfile)$")
_FROM = re.compile(r"FROM\s+(?:--\S+\s+)*(?P<image>\S+)(?:\s+AS\s+(?P<name>\S+))?", re.IGNORECASE)


@reader(lambda path: bool(_NAMED.search(path)))
def dockerfile(source: Source) -> Iterator[Fact]:
    folder = source.folder or "."
    yield Unit(source.folder, source.at(1, source.name))
    stages: dict[str, str] = {}
    kept: dict[str, dict[str, Variable]] = {}
    own: dict[str, Variable] = {}
    base = ""
    base_line = 1
    for number, line in _logical(source.text()):
        word = line.split(None, 1)[0].upper() if line.split() else ""
        if word == "FROM" and (match := _FROM.match(line)):
            base = stages.get(match["image"].lower(), match["image"])
            base_line = number
            own = dict(kept.get(match["image"].lower(), {}))
            if match["name"]:
                stages[match["name"].lower()] = base
                kept[match["name"].lower()] = own
        elif word == "ENV":
            for name, value in _pairs(line[3:].strip()):
                yield Variable(f"image:{folder}", name, value, source.at(number, line))
                own[name] = Variable(f"last:{folder}", name, value, source.at(number, line))
        elif word in ("COPY", "ADD") and INITDB in line:
            parts = [part for part in line.split()[1:] if not part.startswith("--")]
            for origin in parts[:-1]:
                path = places.joined(source.folder, origin.strip("[\"',")) or "."
                yield Mounted(path, f"image:{folder}", source.at(number, line))
    # what is set for a stage that only builds is not there when the program runs
    yield from own.values()
    if base:
        yield BuiltFrom(folder, base, source.at(base_line, f"FROM {base}"))


def _logical(text: str) -> Iterator[tuple[int, str]]:
    """Lines with their continuations, comments left out."""
    kept: list[str] = []
    first = 1
    for number, line in enumerate(text.split("\n"), 1):
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        if not kept:
            first = number
        kept.append(stripped.removesuffix("\\").strip())
        if not stripped.endswith("\\"):
            yield first, " ".join(kept)
            kept = []
    if kept:
        yield first, " ".join(kept)


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    if "=" in text.split(None, 1)[0]:
        for match in re.finditer(r"(\w+)=(\"[^\"]*\"|'[^']*'|\S*)", text):
            yield match[1], match[2].strip("\"'")
    elif len(parts := text.split(None, 1)) == 2:
        yield parts[0], parts[1]
