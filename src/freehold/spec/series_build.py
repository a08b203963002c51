"""The forms of time series and retention as the nouns that everything else works on, sorted by table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from freehold.spec.series import Hold, How, Retention, Rollup, Space, TimeSeries
from freehold.spec.series_form import HoldForm, RetentionForm, RollupForm, TimeSeriesForm
from freehold.spec.tables import TableName


def timeseries(forms: Mapping[TableName, TimeSeriesForm]) -> tuple[TimeSeries, ...]:
    """The time series of a service."""
    return tuple(_series(table, forms[table]) for table in sorted(forms))


def retention(forms: Mapping[TableName, RetentionForm]) -> tuple[Retention, ...]:
    """What a service declares under ``retention:``."""
    return tuple(_retention(table, forms[table]) for table in sorted(forms))


def _series(table: TableName, form: TimeSeriesForm) -> TimeSeries:
    return TimeSeries(
        table=table,
        column=form.time,
        chunk=form.chunk,
        space=None if form.space is None else Space(form.space.column, form.space.partitions),
        ahead=form.ahead,
        keep=form.retention,
        compress_after=form.compress_after,
        rollups=tuple(_rollup(name, form.rollups[name]) for name in sorted(form.rollups)),
        default_partition=form.default_partition == "true",
    )


def _rollup(table: TableName, form: RollupForm) -> Rollup:
    computed = tuple(replace(aggregate, name=str(name)) for name, aggregate in form.aggregates.items())
    return Rollup(table, form.every, tuple(form.by), computed, form.retention)


def _retention(table: TableName, form: RetentionForm) -> Retention:
    return Retention(table, form.by, form.keep, How(form.how), form.batch, _hold(form.hold))


def _hold(form: HoldForm | None) -> Hold | None:
    if form is None:
        return None
    match = tuple(sorted((str(own), str(there)) for own, there in form.match.items()))
    return Hold(form.column or "", form.where or "", form.table, match)
