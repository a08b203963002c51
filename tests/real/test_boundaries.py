"""Boundaries proposed for the tables of real services, schemas taken away, stay as good as the benchmark says."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import pytest

from freehold.discover.live.boundaries import boundaries
from freehold.discover.live.coupling import graph
from freehold.pg import live
from freehold.ports import Address
from freehold.sqltext import raw
from real.test_live import url
from support.clusters import TidyServers

LEAST = {"treum": 0.55, "payrollx": 0.5}


def test_the_agreement_is_measured_right(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(Path(__file__).parents[2])
    agreement = import_module("bench.agreement")
    truth = {1: "a", 2: "a", 3: "b", 4: "b"}
    assert agreement.adjusted_rand(truth, {1: "x", 2: "x", 3: "y", 4: "y"}) == 1
    # one of six pairs agrees by being together where it should; worked out by hand
    assert agreement.adjusted_rand(truth, {1: "x", 2: "x", 3: "x", 4: "y"}) == pytest.approx(0.0)
    assert agreement.adjusted_rand(truth, {1: "x", 2: "y", 3: "x", 4: "y"}) == pytest.approx(-0.5)
    assert agreement.pairs(truth, {1: "x", 2: "x", 3: "x", 4: "y"}) == pytest.approx((1 / 3, 1 / 2, 0.4))


@pytest.mark.parametrize("name", list(LEAST))
def test_proposals_meet_the_services_that_people_drew(
    name: str, server18: Address, clusters: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(Path(__file__).parents[2])
    agreement, monolith = import_module("bench.agreement"), import_module("bench.monolith")
    servers = TidyServers({"main": server18})
    servers.admin("main").execute(raw("CREATE DATABASE mono"))
    session = servers.admin("main", "mono")
    example = monolith.platform(name)
    monolith.build(session, example)
    truth = monolith.flatten(session, example)
    servers.tidy()
    found = live.read(url(server18), databases=["mono"])
    contents = found.databases["mono"].contents
    assert contents is not None
    assert {table.name.schema for table in contents.tables} == {"public"}
    assert set(truth) <= {table.name for table in contents.tables}
    drawn = graph(found, "mono", contents)
    # every body of every function of the example is understood
    assert drawn.unparsed == 0
    proposed = boundaries(drawn)
    groups = {table: proposed.groups.get(table, f"alone {table}") for table in truth}
    assert agreement.adjusted_rand(truth, groups) >= LEAST[name]
    # the negative control: the same groups dealt out to other tables agree no better than chance
    dealt = dict(
        zip(sorted(groups), [groups[table] for table in sorted(groups, key=lambda t: t.table[::-1])], strict=True)
    )
    assert agreement.adjusted_rand(truth, dealt) < 0.25
