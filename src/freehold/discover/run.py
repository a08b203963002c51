"""Reads every file a reader wants, merges what they say, and asks every conflict. Touches only what it is given."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from freehold.discover.conflicts._kind import members as all_conflicts
from freehold.discover.facts import Fact
from freehold.discover.merge import merge
from freehold.discover.model import Discovery
from freehold.discover.readers._kind import BYTES_MAX, Source
from freehold.discover.readers._kind import members as all_readers
from freehold.finding import Finding, Level

_ORDER = {Level.ERROR: 0, Level.WARNING: 1, Level.INFO: 2}


def discover(sources: Iterable[Source], root: str = "", tell: Callable[[int], None] = lambda files: None) -> Discovery:
    """The picture that the files give, with the findings of all conflicts. ``tell`` hears how many files there were."""
    readers = tuple(all_readers().values())
    facts: list[Fact] = []
    files = 0
    for source in sources:
        files += 1
        if files % 1000 == 0:
            tell(files)
        wanted = [reader for reader in readers if reader.wants(source.path)]
        held = source.held() if len(wanted) > 1 and source.size <= BYTES_MAX else source
        for reader in wanted:
            facts += reader.facts(held)
    return judged(merge(facts, root, files))


def judged(discovery: Discovery) -> Discovery:
    """The same with the findings of every conflict, worst first; what it had of others is kept."""
    found = {finding.key: finding for conflict in all_conflicts().values() for finding in conflict.findings(discovery)}
    kept = [finding for finding in discovery.findings if finding.code not in all_conflicts()]
    return replace(discovery, findings=tuple(sorted((*kept, *found.values()), key=_rank)))


def _rank(finding: Finding) -> tuple[int, str, str, str]:
    return _ORDER[finding.level], finding.code, finding.service, finding.object
