"""Partitions are made ahead and dropped by age, on real servers; what is held stays, and nothing is lost."""

from __future__ import annotations

from pathlib import Path

import pytest

from freehold.ports import Servers
from freehold.spec.model import Layout
from support.maintaining import keeper, series

pytestmark = pytest.mark.real


def names(found: list[tuple[str, str]]) -> list[str]:
    return [name for name, _ in found]


@pytest.mark.parametrize("layout", [Layout.DATABASE_PER_SERVICE, Layout.CENTRAL])
def test_partitions_are_made_ahead_filled_and_dropped(servers: Servers, tmp_path: Path, layout: Layout) -> None:
    keep = keeper(servers, tmp_path, series(keep="3 days"), layout=layout)
    app = keep.app()
    app.query(_insert("2026-11-20 10:00", 5))
    assert keep.ask("SELECT count(*) FROM ONLY market.tick_default") == [(5,)]

    report = keep.maintain("2026-11-20 12:00")

    assert report.findings == ()
    assert report.unfinished == ()
    assert [(one.what, one.rows) for one in report.done] == [("move", 5), ("create", None), ("create", None)]
    assert keep.partitions() == [
        ("tick_default", "DEFAULT"),
        ("tick_p20261120", "FOR VALUES FROM ('2026-11-20 00:00:00+00') TO ('2026-11-21 00:00:00+00')"),
        ("tick_p20261121", "FOR VALUES FROM ('2026-11-21 00:00:00+00') TO ('2026-11-22 00:00:00+00')"),
        ("tick_p20261122", "FOR VALUES FROM ('2026-11-22 00:00:00+00') TO ('2026-11-23 00:00:00+00')"),
    ]
    assert keep.ask("SELECT count(*) FROM ONLY market.tick_default") == [(0,)]
    assert keep.ask("SELECT count(*), sum(twice) FROM market.tick_p20261120") == [(5, 30)]
    again = keep.maintain("2026-11-20 12:00")
    assert (again.done, again.journal_id) == ((), "")

    later = keep.maintain("2026-11-24 00:00")
    assert [(one.what, one.partition) for one in later.done if one.what == "drop"] == [
        ("drop", '"market"."tick_p20261120"')
    ]
    assert names(keep.partitions()) == [
        "tick_default",
        "tick_p20261121",
        "tick_p20261122",
        "tick_p20261124",
        "tick_p20261125",
    ]
    assert keep.work.sentences() == []
    plan = keep.work.plan()
    assert [step.say() for step in plan.undeclared] == []


def _insert(moment: str, rows: int):  # type: ignore[no-untyped-def]  # Sql
    from freehold.sqltext import literal, sql

    return sql(
        "INSERT INTO market.tick (time, symbol, price) SELECT {}::timestamptz, 'A', n FROM generate_series(1, {}) AS n"
        " RETURNING id",
        literal(moment + "+00"),
        rows,
    )
