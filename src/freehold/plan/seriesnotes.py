"""What a plan says of time series: tables that are not there, and what TimescaleDB does not keep and why."""

from __future__ import annotations

from collections.abc import Iterator

from freehold.found.model import Found
from freehold.plan.cutting import declared_series
from freehold.plan.engines import kept
from freehold.plan.grants import has_pending
from freehold.plan.look import look
from freehold.plan.model import Design
from freehold.plan.wanted import wanted
from freehold.spec.names import show_table


def series_notes(design: Design, found: Found) -> Iterator[str]:
    """Sentences, each for one time series."""
    yield from _missing(design, found)
    for home, series in declared_series(design, found):
        timescale = look(found).contents(home.instance, home.database).timescale
        if timescale is None:
            continue
        shown, here = show_table(series.table), kept(found, home, series)
        if here.native:
            yield f"time series {shown} stays with PostgreSQL's own partitions: {here.why}"
        if series.compress_after is not None and (here.native or timescale.apache):
            yield (
                f"time series {shown} is not compressed: "
                + ("PostgreSQL keeps it" if here.native else f'timescaledb.license is "{timescale.licence}"')
            )


def _missing(design: Design, found: Found) -> Iterator[str]:
    seen = look(found)
    for (instance, name), want in wanted(design).databases.items():
        for placement in want.placements:
            service = design.platform.service(placement.service)
            for table in (one.table for one in service.timeseries):
                there = seen.table(instance, name, table.schema, table.table) is not None
                if not there and not has_pending(design, found, want, service.name):
                    shown = show_table(table)
                    yield f'service "{service.name}" declares time series {shown}, which does not exist: nothing is cut'
