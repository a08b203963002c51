"""Shell scripts that run SQL: here-documents to psql, ``psql -c``, ``createdb``, and loops over lists of databases.

Nothing is run. Loops are followed where their list stands in the script or in a variable of the server.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from freehold.discover.facts import Fact
from freehold.discover.model import Evidence
from freehold.discover.readers._kind import Source, reader
from freehold.discover.shellscripts import shell_facts


@reader(lambda path: path.endswith((".sh", ".bash")))
def shell(source: Source) -> Iterator[Fact]:
    text = source.text()
    if not re.search(r"psql|createdb|dropdb|CREATE\s+DATABASE|pg_", text, re.IGNORECASE):
        return

    def at(line: int, words: str, confidence: float) -> Evidence:
        return source.at(line, words, confidence)

    yield from shell_facts(text, at, source.path)
