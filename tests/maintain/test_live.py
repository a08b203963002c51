"""Maintenance under load: clients insert all the time, none of them sees an error, loses a row, or waits for long."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from freehold.maintain import native
from freehold.ports import Servers
from freehold.spans import Span, iso
from support.fixtures import Clusters
from support.loading import BEGIN, HOURS, LOCK_TIMEOUT_MS, SLACK_S, SOAK, Load, run_hours
from support.maintaining import keeper, series

pytestmark = pytest.mark.real


@pytest.mark.parametrize("default", [True, False])
def test_no_row_is_lost_and_nobody_waits_longer_than_stated(servers: Servers, tmp_path: Path, default: bool) -> None:
    hourly = series(chunk=Span(seconds=3600), ahead="4 hours" if not default else "1 minute", default_partition=default)
    keep = keeper(servers, tmp_path, hourly)
    if not default:
        keep.maintain(iso(BEGIN - timedelta(hours=1)))
        keep.maintain(iso(BEGIN))
    with Load(keep) as load:
        unfinished = run_hours(keep, load)

    assert load.errors == []
    assert len(load.stored) > 100
    assert keep.ask("SELECT count(*), count(DISTINCT id) FROM market.tick") == [(len(load.stored),) * 2]
    assert load.longest_s < 2 * LOCK_TIMEOUT_MS / 1000 + SLACK_S
    assert unfinished == []
    if default:
        # rows did go through the default partition, and one more run leaves none there
        assert any("rows of the default partition" in said for said in keep.work.heard.said)
        keep.maintain(iso(BEGIN + timedelta(hours=HOURS)))
        assert keep.ask("SELECT count(*) FROM ONLY market.tick_default") == [(0,)]


@pytest.mark.skipif(not SOAK, reason="runs in make soak: a race that is lost only sometimes")
def test_the_lock_on_writers_is_what_keeps_them_from_failing(
    server18: object, clusters: Clusters, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control: without it a row that was on its way to the default partition is refused there."""
    monkeypatch.setattr(native, "WRITERS_WAIT", native.DDL_WAITS)
    keep = keeper(clusters(18)[1], tmp_path, series(chunk=Span(seconds=3600), ahead="1 minute"))
    with Load(keep) as load:
        run_hours(keep, load)
    assert any("violates partition constraint" in error for error in load.errors)
