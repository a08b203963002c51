"""The service has something that the older PostgreSQL of its new home does not know.

Virtual generated columns, constraints that are not enforced, keys over periods and what PostgreSQL 18 says more of NOT
NULL exist from 18 on, identity columns of partitions from 17 on. Some would be refused, others lost in silence.
"""

from __future__ import annotations

from collections.abc import Iterator

from freehold.move.facts import Facts
from freehold.move.preflight._kind import Note, check


@check()
def newer_features(facts: Facts) -> Iterator[Note]:
    for one in facts.newer:
        yield Note(
            one.object,
            f"it is {one.what}, which PostgreSQL has since {one.since}",
            one.remedy,
            f"The target runs PostgreSQL {facts.target.version // 10000}: move to one that runs {one.since} or newer,"
            " or change the definition first.",
        )
