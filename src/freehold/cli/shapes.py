"""How plans, proofs and findings look to a person: each as blocks of the one vocabulary."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from freehold.cli.out import Block, Cell, Remark, Say, Table, Tone
from freehold.finding import Finding, Level
from freehold.plan.model import Action, Plan, Step
from freehold.prove.model import Report, Verdict
from freehold.prove.text import headline

STEPS_SHOWN = 40
"""Steps listed by name before the rest is only counted; --sql and --json always show all."""

_SIGN = {
    Action.CREATE: Cell("+", Tone.GOOD),
    Action.ALTER: Cell("~", Tone.WARN),
    Action.DROP: Cell("-", Tone.BAD),
}
_VERDICT = {
    Verdict.HELD: Cell("✓", Tone.GOOD),
    Verdict.BROKEN: Cell("✗", Tone.BAD),
    Verdict.LIMIT: Cell("~", Tone.WARN),
    Verdict.UNKNOWN: Cell("?", Tone.WARN),
}
_LEVEL = {Level.ERROR: Tone.BAD, Level.WARNING: Tone.WARN, Level.INFO: Tone.PLAIN}


def count(number: int, noun: str) -> str:
    """``1 step``, ``2 steps``, ``2 databases``, ``3 passes``."""
    if number == 1:
        return f"1 {noun}"
    return f"{number} {noun}es" if noun.endswith("s") else f"{number} {noun}s"


def summary_line(summary: Mapping[str, int]) -> str:
    """``12 to create, 3 to alter, 0 to drop``."""
    return ", ".join(f"{summary.get(action, 0)} to {action}" for action in ("create", "alter", "drop"))


def steps_table(steps: Sequence[Step], title: str = "", *, limit: int = STEPS_SHOWN) -> Iterator[Block]:
    """The steps, one line each, and how many more there are."""
    if not steps:
        return
    rows = [(_SIGN[step.action], place(step), step.say()) for step in steps[:limit]]
    yield Table(("", "where", "what"), rows, title=title)
    if len(steps) > limit:
        yield Say(f"  and {count(len(steps) - limit, 'more step')}; --sql and --json show all", Tone.DIM)


def place(step: Step) -> str:
    """``main/treum_users``, or only the instance for what concerns the whole server."""
    return f"{step.instance}/{step.database}" if step.database else step.instance


def plan_blocks(plan: Plan, summary: Mapping[str, int], withheld: Sequence[Step]) -> tuple[Block, ...]:
    """A plan: its steps, what was left out of it and why, and the counts."""
    blocks: list[Block] = list(steps_table(plan.steps))
    blocks += [Say(f"! {note}", Tone.WARN) for note in plan.notes]
    if withheld:
        blocks += steps_table(withheld, "destructive, left out (--allow-destroy plans them)")
    if plan.undeclared:
        blocks += steps_table(plan.undeclared, "undeclared, left alone (--authoritative removes it)")
    if plan.steps:
        blocks.append(Say(f"plan: {summary_line(summary)}", Tone.STRONG))
    elif withheld:
        blocks.append(Say(f"! {count(len(withheld), 'destructive step')} left out, nothing else to do", Tone.WARN))
    else:
        blocks.append(Say("✓ nothing to do: the servers are as declared", Tone.GOOD))
    return tuple(blocks)


def finding_block(finding: Finding, tone: Tone | None = None) -> Remark:
    """A finding with its evidence and remedy."""
    where = " · ".join(part for part in (finding.service, finding.object) if part)
    return Remark(
        tone=tone or _LEVEL[finding.level],
        title=f"{finding.code}: {finding.title}" + (f" ({where})" if where else ""),
        detail=finding.detail,
        evidence=tuple(
            f"{evidence.file}:{evidence.line}: {evidence.text}" if evidence.file else evidence.text
            for evidence in finding.evidence
        ),
        remedy=finding.remedy,
    )


def matrix_block(report: Report) -> Table:
    """Who could do what to whom: one row for each attacker, one column for each target."""
    actors = sorted({cell.actor for cell in report.matrix} - {""})
    targets = sorted({cell.target for cell in report.matrix} - {""})
    services = sorted({*actors, *targets})
    numbers = {service: str(index) for index, service in enumerate(services, 1)}
    cells = {(cell.actor, cell.target): cell for cell in report.matrix}
    rows: list[tuple[str | Cell, ...]] = []
    for actor in [*services, ""]:
        line: list[str | Cell] = [f"{numbers[actor]:>3} {actor}" if actor else "    platform logins"]
        for target in services:
            cell = cells.get((actor, target))
            line.append(_VERDICT[cell.verdict] if cell else Cell("·", Tone.DIM))
        if actor or any((actor, target) in cells for target in services):
            rows.append(tuple(line))
    return Table(
        ("attacker \\ target", *(numbers[service] for service in services)), rows, title="isolation", tight=True
    )


def proof_blocks(report: Report) -> tuple[Block, ...]:
    """The proof for a person: matrix, what is broken or unknown in full, limits, and one line that says it all."""
    blocks: list[Block] = []
    if report.matrix:
        blocks += [
            matrix_block(report),
            Say("✓ held   ✗ broken   ~ limit of the layout   ? not tried   · nothing to try", Tone.DIM),
            Say(""),
        ]
    blocks += [finding_block(finding, Tone.BAD) for finding in report.violations]
    blocks += [finding_block(finding, Tone.WARN) for finding in report.unknown]
    if report.limits:
        blocks.append(Say(f"~ what layout {report.layout} cannot prevent (--json and --html say more):", Tone.WARN))
        blocks += [Say(f"    {finding.title}", Tone.DIM) for finding in report.limits]
    blocks += [
        Say(f"· moving: {count(len(one.logins), 'login')} of {one.service} expected at {one.instance}/{one.database}")
        for one in report.moving
    ]
    if report.ignored:
        blocks.append(Say(f"· {count(len(report.ignored), 'finding')} ignored, as declared", Tone.DIM))
    if report.passed:
        blocks.append(Say(f"✓ {headline(report)}", Tone.GOOD))
    else:
        blocks.append(Say(f"✗ {headline(report)}", Tone.BAD))
    return tuple(blocks)
