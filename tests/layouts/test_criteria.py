"""Each criterion takes points for what it says it does, with the evidence, and for nothing else."""

from __future__ import annotations

from dataclasses import replace

import pytest

from freehold.finding import Evidence
from freehold.layouts.criteria._kind import members
from freehold.layouts.criteria.migration_effort import moving
from freehold.layouts.facts import Arrangement, CrossingFact, CrossingKind, Facts, Home, ServiceFact, arrange
from freehold.spec.model import Layout, Profile

CENTRAL, SCHEMA, DATABASE, INSTANCE = (
    Layout.CENTRAL,
    Layout.SCHEMA_PER_SERVICE,
    Layout.DATABASE_PER_SERVICE,
    Layout.INSTANCE_PER_SERVICE,
)
A, B, C = ServiceFact("a"), ServiceFact("b"), ServiceFact("c")
SEEN = (Evidence("here", "freehold.yaml", 7),)


def points(criterion: str, facts: Facts, layout: Layout) -> float:
    return members()[criterion].judge(facts, arrange(facts, layout))[0]


def row(criterion: str, facts: Facts) -> list[int]:
    """Rounded points from central to an instance for each."""
    return [round(points(criterion, facts, layout)) for layout in (CENTRAL, SCHEMA, DATABASE, INSTANCE)]


def test_a_server_and_a_database_take_their_services_along() -> None:
    assert row("blast_radius", Facts((A, B, C))) == [50, 50, 65, 100]
    assert row("blast_radius", Facts(tuple(ServiceFact(f"s{n}") for n in range(9)))) == [20, 20, 44, 100]
    assert row("blast_radius", Facts((A,))) == [100, 100, 100, 100]


def test_a_stolen_login_reaches_what_is_near() -> None:
    assert row("stolen_login", Facts((A, B))) == [0, 70, 90, 100]
    # a foreign application has a login and a database of its own in every layout
    assert row("stolen_login", Facts((A, replace(B, whole_database=True)))) == [90, 90, 90, 100]


def test_regulated_data_wants_to_be_apart_from_strangers_only() -> None:
    pci = replace(A, classification=("pci",), evidence=SEEN)
    assert row("compliance_separation", Facts((pci, B))) == [0, 30, 65, 100]
    assert row("compliance_separation", Facts((replace(A, classification=("gdpr",)), B))) == [0, 60, 85, 100]
    assert row("compliance_separation", Facts((pci, replace(B, classification=("pci",))))) == [100] * 4
    _, (loss,) = members()["compliance_separation"].judge(Facts((pci, B)), arrange(Facts((pci, B)), SCHEMA))
    assert (loss.text, loss.evidence) == ('pci data of "a" shares its database with "b"', SEEN)
    assert members()["compliance_separation"].silent(Facts((A, B)))


def crossing(kind: CrossingKind = CrossingKind.REFERENCE, one: str = "a", other: str = "b") -> CrossingFact:
    return CrossingFact(kind, one, other, "a.t refers to b.u", SEEN)


def test_what_leaves_its_database_is_cut() -> None:
    facts = Facts((A, B), (crossing(),))
    assert row("coupling_cut", facts) == [100, 100, 67, 67]
    assert row("coupling_cut", replace(facts, crossings=(crossing(CrossingKind.READ),))) == [100, 100, 80, 80]
    _, (loss,) = members()["coupling_cut"].judge(facts, arrange(facts, DATABASE))
    assert loss.evidence == SEEN
    # more cuts among more services
    many = Facts((A, B, C), (crossing(),) * 6)
    assert points("coupling_cut", many, DATABASE) < points("coupling_cut", Facts((A, B, C), (crossing(),)), DATABASE)


def test_a_crossing_to_itself_or_to_nobody_is_none() -> None:
    facts = Facts((A, B), (crossing(one="a", other="a"), crossing(other="gone")))
    assert members()["coupling_cut"].silent(facts)
    assert facts.between == ()


def test_references_want_one_moment() -> None:
    facts = Facts((A, B), (crossing(),))
    assert row("restore_together", facts) == [100, 100, 89, 67]
    assert members()["restore_together"].silent(replace(facts, crossings=(crossing(CrossingKind.READ),)))


def test_a_service_alone_is_restored_alone() -> None:
    assert row("restore_alone", Facts((A, B))) == [20, 30, 65, 100]
    assert row("restore_alone", Facts((A, B), (crossing(),))) == [18, 28, 65, 100]


def test_connections_must_fit() -> None:
    facts = Facts((replace(A, connections=60), replace(B, connections=60)), max_connections=100)
    # 60 + 60 for the services, 11 for the platform's own logins and 10 to spare, of 100
    assert row("connection_budget", facts) == [0, 0, 0, 65]
    assert row("connection_budget", replace(facts, max_connections=1000)) == [100] * 4
    _, (loss,) = members()["connection_budget"].judge(facts, arrange(facts, SCHEMA))
    assert loss.text.startswith("141 connections may be open")
    assert members()["connection_budget"].silent(Facts((A, B)))


def test_servers_and_databases_cost() -> None:
    assert row("cost", Facts((A,))) == [100] * 4
    assert row("cost", Facts((A, B, C))) == [100, 100, 91, 57]


def test_what_is_shared_is_decided_together() -> None:
    assert row("team_autonomy", Facts((A, B))) == [0, 30, 60, 100]
    wants = Facts(
        (replace(A, extensions=("pg_trgm",), server_settings=("wal_buffers",)), replace(B, whole_database=True))
    )
    # a counts three times for what it declares
    assert row("team_autonomy", wants) == [38, 60, 60, 100]


def test_loud_services_disturb_quiet_ones() -> None:
    loud, quiet = replace(A, profile=Profile.INGEST), replace(B, profile=Profile.LEDGER)
    assert row("noisy_neighbour", Facts((loud, quiet))) == [67, 67, 71, 100]
    assert members()["noisy_neighbour"].silent(Facts((loud, replace(B, profile=Profile.ANALYTICS))))


def homes(layout: Layout, *services: ServiceFact) -> Facts:
    plain = Facts(services)
    now = arrange(plain, layout)
    return replace(plain, homes=now.homes, shared_login=now.shared_login)


def test_staying_costs_nothing_and_moving_does() -> None:
    assert row("migration_effort", homes(SCHEMA, A, B, C)) == [80, 100, 47, 47]
    assert row("migration_effort", homes(INSTANCE, A, B, C)) == [27, 47, 47, 100]
    assert row("migration_effort", homes(CENTRAL, A, B, C)) == [100, 80, 27, 27]
    assert members()["migration_effort"].silent(Facts((A, B)))


def test_a_large_service_is_more_to_move() -> None:
    facts = homes(DATABASE, replace(A, bytes=10**9), replace(B, bytes=10**3), replace(C, bytes=10**3))
    # one of the three stays; the first by name of those that are alike
    assert moving(facts, arrange(facts, SCHEMA)) == ("b", "c")
    small = points("migration_effort", facts, SCHEMA)
    swapped = homes(DATABASE, replace(A, bytes=10**3), replace(B, bytes=10**9), replace(C, bytes=10**3))
    assert points("migration_effort", swapped, SCHEMA) < small


def test_a_pin_stays_a_pin() -> None:
    pinned = replace(A, database="x", instance="i")
    for layout in Layout:
        assert arrange(Facts((pinned, B)), layout).homes["a"] == Home("i", "x")


def test_every_layout_of_an_empty_platform_loses_nothing() -> None:
    for one in members().values():
        for layout in Layout:
            found, losses = one.judge(Facts(()), Arrangement(layout, {}, False))
            assert (found, losses) == (100, ())


@pytest.mark.parametrize("name", list(members()))
def test_a_criterion_has_a_title_and_a_weight(name: str) -> None:
    one = members()[name]
    assert one.title
    assert 0 < one.weight <= 10
