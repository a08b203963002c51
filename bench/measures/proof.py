"""The proof: every attack as every login, and the connection matrix alone; how both grow with the services."""

from __future__ import annotations

from bench.lab import lab
from bench.platforms import design, platform
from bench.table import Measure, Table, seconds, timed
from bench.work import Silent, apply_all, plan_of
from freehold.local.clock import SystemClock
from freehold.prove.model import Report
from freehold.prove.run import prove
from freehold.spec.model import Layout


def _one(services: int, layout: Layout) -> tuple[str, ...]:
    what = platform(services, layout)
    wanted = design(what)
    reports: list[Report] = []
    with lab(what) as ours:
        apply_all(ours, wanted, plan_of(ours, wanted))
        # as `freehold up` does on instances it has just made: max_connections needs a restart
        ours.embedded.restart(ours.placements.instances)

        def everything(attacks: tuple[str, ...] | None = None) -> None:
            reports.append(
                prove(what, ours.placements, ours.servers, ours.secrets, SystemClock(), Silent(), attacks=attacks)
            )

        whole = timed(everything)
        matrix = timed(lambda: everything(("connect_other_database",)))
    if not reports[0].passed:
        first = (*reports[0].violations, *reports[0].unknown)[0]
        raise SystemExit(f"a clean platform of {services} services is not proved: {first.title} ({first.object})")
    return (
        str(services),
        layout.value,
        str(reports[0].attempts),
        seconds(whole),
        f"{reports[0].attempts / whole:.0f}",
        str(reports[1].attempts),
        seconds(matrix),
    )


def run(quick: bool) -> Table:
    """Two layouts: the one where the server refuses the connection, and the one where it refuses the table."""
    cases = [(size, layout) for size in ((3,) if quick else (5, 9, 50, 100)) for layout in _LAYOUTS]
    return Table(
        title="The proof",
        how="A clean platform, every attack of the catalogue, two logins for each service; 8 threads.",
        columns=(
            "services",
            "layout",
            "attempts",
            "whole proof",
            "attempts/s",
            "connections tried",
            "connections alone",
        ),
        rows=tuple(_one(size, layout) for size, layout in cases),
    )


_LAYOUTS = (Layout.DATABASE_PER_SERVICE, Layout.SCHEMA_PER_SERVICE)

proof = Measure(run)
