"""Plan a platform on which nothing is left to do: the snapshot of every database, and the decision."""

from __future__ import annotations

from dataclasses import replace

from bench.lab import cpu_seconds, lab
from bench.platforms import design, platform
from bench.table import Measure, Table, growth, median, seconds
from bench.work import apply_all, found_of, plan_of
from freehold.plan.make import make


def _one(services: int) -> tuple[tuple[str, ...], float]:
    what = platform(services)
    wanted = design(what)
    with lab(what) as ours:
        apply_all(ours, wanted, plan_of(ours, wanted))
        wanted = replace(wanted, verifiers=ours.secrets.known())
        found = found_of(ours)
        left = len(make(wanted, found).steps)
        if left:
            raise SystemExit(f"{left} steps are left after an apply of {services} services")
        snapshot = median(lambda: found_of(ours), 3)
        before = cpu_seconds()
        decision = median(lambda: make(wanted, found), 3)
        cpu = (cpu_seconds() - before) / 4
        whole = median(lambda: plan_of(ours, wanted), 3)
    return (str(services), seconds(snapshot), seconds(decision), seconds(cpu), seconds(whole)), whole


def run(quick: bool) -> Table:
    """The same platform before and after nothing happened."""
    sizes = (5,) if quick else (5, 50, 500)
    found = [_one(size) for size in sizes]
    grown = growth(sizes, [whole for _, whole in found])
    return Table(
        title="A plan with nothing to do",
        how="Database per service on one instance, everything applied; medians of three after one warm-up.",
        columns=("services", "snapshot", "decision", "decision, CPU", "whole plan"),
        rows=tuple(row for row, _ in found),
        reading=f"A whole plan grows {grown}." if grown else "",
    )


plan_nothing_to_do = Measure(run)
