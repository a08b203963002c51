"""What several readers of deployments share."""

from __future__ import annotations

import re
from collections.abc import Iterator

from freehold.discover.facts import Fact, Variable
from freehold.discover.readers._kind import Source
from freehold.discover.yamltree import Tree

INITDB = "/docker-entrypoint-initdb.d"
"""The folder whose scripts the server image runs on an empty volume."""

SERVED = re.compile(
    r"(^|/)(config-?(repo|server|data)?|configurations?|shared|centralized-?config\w*|config-?server[^/]*)/(.*/)?(?P<name>[\w-]+)\.(ya?ml|properties)$",
    re.IGNORECASE,
)
"""Files of a configuration server, each named after the service that it is given to."""


def served_by_spring(text: str) -> bool:
    """Whether settings of such a file are in Spring's words."""
    return "spring:" in text or "spring." in text or "jdbc:" in text or "datasource:" in text


_URL = re.compile(r"(?:jdbc:)?postgres(?:ql)?(?:\+\w+)?://[^\s'\"\\`|<>]+")


def spoken(source: Source, holder: str, word: Tree, environment: str) -> Iterator[Fact]:
    """The connection strings that a command of a container is given."""
    if "postgres" in word.text:
        for number, match in enumerate(_URL.finditer(word.text)):
            at = source.at(word.line, match[0])
            yield Variable(holder, f"command {word.line}.{number}", match[0].rstrip(";,)"), at, environment)
