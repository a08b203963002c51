"""A document counts databases, and the files count others.

Why: the document is what people decide by. Compared are sentences such as "8 separate databases" with the databases
that anything creates or uses, and with the list that stands below the sentence; "database per service" is compared
with databases that several services share.

Bad:
    === README.md
    The platform has 3 separate databases.
    === init.sql
    CREATE DATABASE orders;
    CREATE DATABASE billing;

Good:
    === README.md
    The platform has 2 separate databases.
    === init.sql
    CREATE DATABASE orders;
    CREATE DATABASE billing;
"""

from __future__ import annotations

from collections.abc import Iterator

from freehold.discover.conflicts._kind import Note, conflict
from freehold.discover.facts import Claim
from freehold.discover.model import Discovery

_DEFAULT = {"postgres"}


@conflict("warning")
def claim_contradicted(discovery: Discovery) -> Iterator[Note]:
    made = {database.name for database in discovery.databases if database.created_by} - _DEFAULT
    used = {database.name for database in discovery.databases if database.used_by} - _DEFAULT
    counts = {len(made), len(used), len(made | used), len(made & used)}
    known = sorted(made | used)
    for claim in discovery.of(Claim):
        if claim.what == "databases" and claim.number is not None and known and claim.number not in counts:
            places = tuple(at for d in discovery.databases for at in d.created_by[:1])[:5]
            yield Note(
                "",
                f'claim "{claim.number} databases"',
                f"{claim.at.place} says {claim.number} databases, and the files create {len(made)} and use {len(used)}",
                f"Known are {', '.join(known[:12])}.",
                (claim.at, *places),
            )
        elif claim.what == "database per service":
            shared = [d for d in discovery.databases if len(d.used_by) > 1]
            if shared:
                uses = [use.at for use in discovery.uses if use.database == shared[0].name]
                yield Note(
                    "",
                    f'database "{shared[0].name}"',
                    f'{claim.at.place} says that every service has its own database, and "{shared[0].name}" is shared',
                    f"{', '.join(shared[0].used_by)} use it.",
                    (claim.at, *uses[:5]),
                )
