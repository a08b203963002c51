"""Code and settings that empty a database when a service starts: ``EnsureDeleted``, ``ddl-auto: create-drop``, ...

Found by their words, so likely at most; what lies among tests is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from freehold.discover import places
from freehold.discover.facts import Fact
from freehold.discover.made import DatabaseDropped
from freehold.discover.model import GUESS, LIKELY
from freehold.discover.readers._kind import Source, reader

_FILES = re.compile(r"\.(cs|java|kt|ts|js|mjs|py|go|rb|ya?ml|properties|sh)$|(^|/)Dockerfile")
_WORDS = re.compile(
    r"\bEnsureDeleted(Async)?\s*\(|ddl-auto\s*[:=]\s*(create|create-drop)\s*$|hbm2ddl\.auto\s*[:=]\s*(create|create-drop)\s*$|"
    r"\bsync\(\s*\{\s*force\s*:\s*true|\bdropSchema\s*:\s*true|\bprisma\s+migrate\s+reset|\bprisma\s+db\s+push\b.*--force-reset|"
    r"[\"'`]\s*DROP\s+DATABASE\b"
)
_STARTS = re.compile(r"entry-?point|start|boot|^run\.sh$|^init")
_CALLED = re.compile(r"init|seed|start|boot|program|^main\.|setup|entry", re.IGNORECASE)
_FIRST = ("EnsureDeleted", "ddl-auto", "hbm2ddl", "force", "dropSchema", "prisma", "DROP DATABASE", "drop database")


@reader(lambda path: bool(_FILES.search(path)) and not places.only_tests(path))
def initialisers(source: Source) -> Iterator[Fact]:
    if source.size > 500_000 or places.environment(source.path) == "test" or "test" in source.name.lower():
        return
    if source.path.endswith(".sh") and not _STARTS.search(source.name):
        return  # what a person starts by hand is no initialiser
    text = source.text()
    if not any(word in text for word in _FIRST):
        return
    for number, line in enumerate(text.split("\n"), 1):
        match = _WORDS.search(line)
        if match is not None and "DROP" in match[0] and not _CALLED.search(source.name):
            continue  # a tool that can drop databases does not do it when it starts
        if match is not None and not line.lstrip().startswith(("//", "#", "*")):
            confidence = GUESS if "DROP" in match[0] else LIKELY
            yield DatabaseDropped("", source.at(number, line, confidence), starts=True)
