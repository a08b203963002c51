"""A file is not what its name says, and was passed over.

Why: what it says is missing from the picture.

Bad:
    === compose.yaml
    services:
      db: {image: postgres:17
      orders: [

Good:
    === compose.yaml
    services:
      db: {image: "postgres:17"}
"""

from __future__ import annotations

from collections.abc import Iterator

from freehold.discover.conflicts._kind import Note, conflict
from freehold.discover.facts import Unreadable
from freehold.discover.model import Discovery


@conflict("info")
def unreadable_file(discovery: Discovery) -> Iterator[Note]:
    for fact in discovery.of(Unreadable):
        yield Note("", f'file "{fact.at.file}"', f'"{fact.at.file}" could not be read', fact.why, (fact.at,))
