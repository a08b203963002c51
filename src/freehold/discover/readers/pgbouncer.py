"""PgBouncer: the ``[databases]`` of ``pgbouncer.ini``: which name leads to which database on which host.

A name that differs from its ``dbname`` is the name of a pool and no database. ``*`` stands for all that no other line
has; ``auth_dbname`` is where logins are looked up and no database of a service.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from freehold.discover.facts import Fact
from freehold.discover.pools import lines_of
from freehold.discover.readers._kind import Source, reader

_NAMED = re.compile(r"(^|/)[^/]*(pgbouncer|pool)[^/]*\.ini(\.(example|template))?$|(^|/)pgbouncer/[^/]+\.ini$")


@reader(lambda path: bool(_NAMED.search(path)))
def pgbouncer(source: Source) -> Iterator[Fact]:
    yield from lines_of(source.text(), source.at)
