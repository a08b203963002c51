"""What several readers of deployments share."""

from __future__ import annotations

import re
from collections.abc import Iterator

from freehold.discover.facts import Fact, Variable
from freehold.discover.readers._kind import Source
from freehold.discover.yamltree import Tree

INITDB = "/docker-entrypoint-initdb.d"
"""The folder whose scripts the server image runs on an empty volume."""

_URL = re.compile(r"(?:jdbc:)?postgres(?:ql)?(?:\+\w+)?://[^\s'\"\\`|<>]+")


def spoken(source: Source, holder: str, word: Tree, environment: str) -> Iterator[Fact]:
    """The connection strings that a command of a container is given."""
    if "postgres" in word.text:
        for number, match in enumerate(_URL.finditer(word.text)):
            at = source.at(word.line, match[0])
            yield Variable(holder, f"command {word.line}.{number}", match[0].rstrip(";,)"), at, environment)
