"""Apply a platform from nothing, against the same statements sent raw; and how it grows."""

from __future__ import annotations

from bench import rawsql
from bench.lab import lab
from bench.platforms import design, platform
from bench.table import Measure, Table, growth, ratio, seconds, timed
from bench.work import apply_all, plan_of


def _one(services: int) -> tuple[tuple[str, ...], float]:
    what = platform(services)
    with lab(what) as ours:
        wanted = design(what)
        plan = plan_of(ours, wanted)
        steps = len(plan.steps)
        applied = timed(lambda: apply_all(ours, wanted, plan))
    with lab(what) as theirs:
        plan = plan_of(theirs, design(what))
        theirs.secrets.ensure(step.name for step in plan.steps if step.kind == "password")
        raw = timed(lambda: rawsql.one_client(theirs, plan, theirs.secrets.verifier))
    with lab(what) as theirs:
        plan = plan_of(theirs, design(what))
        theirs.secrets.ensure(step.name for step in plan.steps if step.kind == "password")
        two = timed(lambda: rawsql.two_clients(theirs, plan, theirs.secrets.verifier))
    row = (
        str(services),
        f"{steps:,}",
        seconds(applied),
        seconds(raw),
        seconds(two),
        ratio(applied, raw),
        ratio(applied, two),
    )
    return row, applied


def run(quick: bool) -> Table:
    """One fresh instance for each of the three ways, in one run."""
    sizes = (5,) if quick else (5, 50, 500)
    found = [_one(size) for size in sizes]
    grown = growth(sizes, [applied for _, applied in found])
    return Table(
        title="Apply from nothing",
        how="Database per service, three tables and two indexes each, on a fresh instance in memory-backed storage. "
        "Raw SQL: the very same statements and transactions over the same driver, without plan, journal, "
        "lock, deploy logins and passwords of Freehold's own; with one client after another, and with two at a time.",
        columns=(
            "services",
            "steps",
            "apply",
            "raw, 1 client",
            "raw, 2 clients",
            "to 1 client",
            "to 2 clients",
        ),
        rows=tuple(row for row, _ in found),
        reading=f"Apply grows {grown}." if grown else "",
    )


apply_against_raw_sql = Measure(run)
