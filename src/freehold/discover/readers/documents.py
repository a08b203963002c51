"""Markdown documents: what they claim of databases, to be checked against the rest: "8 separate databases", "isolated".

Sentences are searched for a few forms, so a claim is likely at most. Code blocks claim nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from freehold.discover.facts import Claim, Fact
from freehold.discover.model import LIKELY
from freehold.discover.readers._kind import Source, reader

_NUMBERS = {word: number for number, word in enumerate(
    ("two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"), 2)}  # fmt: skip
_COUNT = re.compile(
    r"\b(?P<number>\d{1,3}|"
    + "|".join(_NUMBERS)
    + r")\s+(?:[\w*-]+\s+){0,2}?(?:separate|isolated|independent|dedicated|distinct|different|PostgreSQL|Postgres)\s+"
    r"(?:[\w*-]+\s+)?(?:databases|DBs)\b",
    re.IGNORECASE,
)
_WORTH = re.compile(r"database|\bDBs?\b|isolat|cannot", re.IGNORECASE)
_ISOLATED = re.compile(
    r"\b(?:perfect(?:ly)?|complete(?:ly)?|full(?:y)?|strict(?:ly)?|total(?:ly)?)\s+(?:service\s+|data\s+|database\s+)?isolat(?:ed|ion)\b|"
    r"\b(?:service|database|data)\s+isolation\b|\bcannot\s+(?:access|read|see)\s+(?:each\s+other|other\s+services)",
    re.IGNORECASE,
)
_PER_SERVICE = re.compile(
    r"\b(?:database|db)[- ]per[- ](?:service|microservice)\b|"
    r"\beach\s+(?:micro)?service\s+(?:has|owns|uses)\s+its\s+own\s+database\b",
    re.IGNORECASE,
)
_ITEM = re.compile(r"^\s*[-*+]\s+[`*]*(?P<name>[A-Za-z_][\w-]{2,62})[`*]*\s*(?:[:#(–-].*)?$")


@reader(lambda path: path.lower().endswith((".md", ".mdx", ".rst", ".adoc")))
def documents(source: Source) -> Iterator[Fact]:
    text = source.text()
    if "atabase" not in text and "isolat" not in text.lower():
        return
    rows = text.split("\n")
    fenced = False
    for number, line in enumerate(rows, 1):
        if line.lstrip().startswith(("```", "~~~")):
            fenced = not fenced
            continue
        if fenced or not _WORTH.search(line):
            continue
        at = source.at(number, line, LIKELY)
        for match in _COUNT.finditer(line):
            word = match["number"].lower()
            names = tuple(m["name"] for row in rows[number : number + 40] if (m := _ITEM.match(row)))
            yield Claim("databases", at, _NUMBERS.get(word) or int(word), names)
        if _ISOLATED.search(line):
            yield Claim("isolated", at)
        if _PER_SERVICE.search(line):
            yield Claim("database per service", at)
