"""From thousands of results to what a person reads: a square per pair of services, and one finding per cause."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from freehold.finding import Finding
from freehold.prove.judge import WHERE
from freehold.prove.model import Cell, Result, Verdict
from freehold.spec.model import Ignore

SEVERITY = {Verdict.HELD: 0, Verdict.LIMIT: 1, Verdict.UNKNOWN: 2, Verdict.BROKEN: 3}
NAMED_MAX = 3
LISTED_MAX = 20
EVIDENCE_MAX = 3


@dataclass
class _Group:
    first: Finding
    verdict: Verdict
    attempts: int = 0
    services: set[str] = field(default_factory=set)
    objects: dict[str, None] = field(default_factory=dict)
    titles: dict[str, None] = field(default_factory=dict)
    details: dict[str, None] = field(default_factory=dict)
    remedies: dict[tuple[str, str], None] = field(default_factory=dict)
    evidence: list[Finding] = field(default_factory=list)


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """The most serious verdict; HELD when there is none."""
    return max(verdicts, key=SEVERITY.__getitem__, default=Verdict.HELD)


def findings(results: Iterable[Result]) -> dict[Verdict, tuple[Finding, ...]]:
    """Findings by verdict, those of one group (one cause) merged into one, sorted by key."""
    groups: dict[tuple[Verdict, str, str, str], _Group] = {}
    for result in results:
        finding = result.finding
        if finding is None:
            continue
        # a limit belongs to the layout, not to a service: one place that leaks is told once for all who live there
        service = "" if result.verdict is Verdict.LIMIT and result.group else finding.service
        where = finding.object if result.verdict is Verdict.LIMIT else ""
        key = (result.verdict, finding.code, service, where + (result.group or finding.object))
        group = groups.setdefault(key, _Group(finding, result.verdict))
        group.services.add(finding.service)
        group.attempts += result.attempts
        group.objects[finding.object] = None
        group.titles[finding.title] = None
        group.details[finding.detail] = None
        where = ""
        for line in finding.remedy.splitlines():
            if line.startswith(WHERE):
                where = line
            else:
                group.remedies[where, line] = None
        if len(group.evidence) < EVIDENCE_MAX:
            group.evidence.append(finding)
    found: dict[Verdict, list[Finding]] = {verdict: [] for verdict in Verdict}
    for group in groups.values():
        found[group.verdict].append(_merged(group))
    return {verdict: tuple(sorted(some, key=lambda f: (f.key, f.title))) for verdict, some in found.items()}


def _merged(group: _Group) -> Finding:
    first = group.first
    objects = sorted(group.objects)
    titles = sorted(group.titles)
    detail = " ".join(sorted(group.details)[:NAMED_MAX])
    if len(objects) <= NAMED_MAX:
        name = ", ".join(objects)
    else:
        name = f"{objects[0]} and {len(objects) - 1} more"
        more = len(objects) - LISTED_MAX
        detail += f" It concerns {', '.join(objects[:LISTED_MAX])}" + (f" and {more} more." if more > 0 else ".")
    title = titles[0] if len(titles) == 1 else f"{titles[0]} (and {len(titles) - 1} more like it)"
    if group.attempts > 1:
        detail += f" Seen in {group.attempts} attempts."
    evidence = tuple(dict.fromkeys(item for finding in group.evidence for item in finding.evidence))
    return replace(
        first,
        service=first.service if len(group.services) == 1 else "",
        object=name,
        title=title,
        detail=detail.strip(),
        evidence=evidence[:EVIDENCE_MAX],
        remedy="\n".join(_script(group.remedies)),
    )


def _script(remedies: Iterable[tuple[str, str]]) -> Iterator[str]:
    """The lines of a remedy, each database named once above its own."""
    last = ""
    for where, line in sorted(remedies, key=lambda pair: pair[0]):
        if where and where != last:
            yield where
        last = where
        yield line


def cells(services: Sequence[str], results: Iterable[Result]) -> tuple[Cell, ...]:
    """Every ordered pair of services with the worst verdict of its attempts; a pair without attempts is not listed
    as held but as held with 0 attempts, so that a reader can tell."""
    verdicts: dict[tuple[str, str], Verdict] = {}
    attempts: dict[tuple[str, str], int] = {}
    keys: dict[tuple[str, str], dict[str, None]] = {}
    for result in results:
        pair = (result.actor, result.target)
        verdicts[pair] = worst((verdicts.get(pair, Verdict.HELD), result.verdict))
        attempts[pair] = attempts.get(pair, 0) + result.attempts
        if result.finding is not None and len(keys.setdefault(pair, {})) < LISTED_MAX:
            keys[pair][result.finding.key] = None
    return tuple(
        Cell(
            actor,
            target,
            verdicts.get((actor, target), Verdict.HELD),
            attempts.get((actor, target), 0),
            tuple(sorted(keys.get((actor, target), {}))),
        )
        for actor in sorted(services)
        for target in sorted(services)
    )


def counts(by_attack: Mapping[str, Sequence[Result]]) -> dict[str, dict[str, int]]:
    """For each attack, its attempts by verdict; an attack that had nothing to try is listed with zeros."""
    return {
        name: {verdict.value: sum(r.attempts for r in results if r.verdict is verdict) for verdict in Verdict}
        for name, results in sorted(by_attack.items())
    }


def split_ignored(
    some: Sequence[Finding], ignores: Sequence[Ignore], today: str
) -> tuple[tuple[Finding, ...], tuple[Finding, ...]]:
    """(kept, ignored): a finding is ignored while an entry with its key has no day, or a day that is not past."""
    live = {ignore.key for ignore in ignores if not ignore.until or ignore.until >= today[:10]}
    return (
        tuple(finding for finding in some if finding.key not in live),
        tuple(finding for finding in some if finding.key in live),
    )
