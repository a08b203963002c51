"""Every layout puts every service where it says, and refuses what it cannot place."""

from __future__ import annotations

from dataclasses import replace

import pytest

from freehold.errors import LayoutError
from freehold.layouts.limits import LOOKUPS_OF_ONE, POOL_LOOKUPS, lookups
from freehold.layouts.placement import place
from freehold.spec.model import Layout, Pool, Pooler, Server, ServerKind, Service
from support.plans import MAIN, platform

X, Y = Server("x", ServerKind.EMBEDDED), Server("y", ServerKind.EMBEDDED)
A, B, FOREIGN = Service("a", ("a",)), Service("b-c", ("b", "c")), Service("bi", ())
URL = Server("main", ServerKind.URL, url="postgresql://h/db")


@pytest.mark.parametrize(
    ("layout", "databases"),
    [
        (Layout.CENTRAL, ["shop", "shop", "shop_bi"]),
        (Layout.SCHEMA_PER_SERVICE, ["shop", "shop", "shop_bi"]),
        (Layout.DATABASE_PER_SERVICE, ["shop_a", "shop_b_c", "shop_bi"]),
        (Layout.INSTANCE_PER_SERVICE, ["shop_a", "shop_b_c", "shop_bi"]),
        (Layout.GROUPS, ["shop_g", "shop_g", "shop_bi"]),
    ],
)
def test_each_layout_names_its_databases(layout: Layout, databases: list[str]) -> None:
    placed = place(platform(A, B, FOREIGN, layout=layout, groups=(("g", ("a", "b-c")),)))
    assert [p.database for p in placed.services] == databases
    names = ["a", "b-c", "bi"] if layout is Layout.INSTANCE_PER_SERVICE else ["main"]
    assert [instance.name for instance in placed.instances] == names


def test_central_shares_three_roles_and_others_share_none() -> None:
    central = place(platform(A, B, layout=Layout.CENTRAL))
    assert {p.roles.app for p in central.services} == {"shop_app"}
    apart = place(platform(A, B, layout=Layout.SCHEMA_PER_SERVICE))
    assert [p.roles.app for p in apart.services] == ["shop_a_app", "shop_b_c_app"]


def test_a_pin_wins() -> None:
    pinned = Service("a", ("a",), database="elsewhere", instance="second")
    placed = place(platform(pinned, B, servers=(MAIN, Server("second", ServerKind.EMBEDDED, port=6000))))
    assert (placed.of("a").instance, placed.of("a").database) == ("second", "elsewhere")
    assert [instance.port for instance in placed.instances] == [None, 6000]


def test_an_instance_that_holds_nothing_is_not_placed() -> None:
    placed = place(platform(A, servers=(MAIN, Server("spare", ServerKind.EMBEDDED))))
    assert [instance.name for instance in placed.instances] == ["main"]


def test_connections_are_the_sum_of_all_limits() -> None:
    pooled = Service("a", ("a",), pool=Pool(size=10, reserve=3))
    assert place(platform(pooled)).instances[0].connections == (10 + 3 + 2) + 5 + (5 + 3 + 3)
    assert place(platform(A)).instances[0].connections == 20 + 5 + (5 + 3 + 3)


def test_the_pools_may_look_up_under_every_name_that_they_have() -> None:
    pooled = [Service(name, (name,), pool=Pool(size=1)) for name in "abcdefghi"]
    asking = replace(platform(*pooled), pooler=Pooler(processes=2))
    assert lookups(asking, pooled) == 9 * 2 * LOOKUPS_OF_ONE
    assert lookups(asking, pooled[:1]) == POOL_LOOKUPS
    (alone,) = place(platform(*pooled)).instances
    (instance,) = place(asking).instances
    assert instance.connections - alone.connections == lookups(asking, pooled)


def test_a_derived_instance_has_the_services_port_and_a_folder_of_its_own() -> None:
    service = Service("../a", ("a",), port=6001)
    base = Server("main", ServerKind.EMBEDDED, port=5432, data="/d")
    placed = place(platform(service, B, layout=Layout.INSTANCE_PER_SERVICE, servers=(base,)))
    assert [(i.name, i.port, i.server.data) for i in placed.instances] == [
        ("../a", 6001, "/d/%2E%2E%2Fa"),
        ("b-c", None, "/d/b-c"),
    ]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (platform(A, B, layout=Layout.INSTANCE_PER_SERVICE, servers=(URL,)), "is a URL"),
        (
            platform(A, servers=(X, Y)),
            'none is named "main"',
        ),
        (platform(A, servers=()), "no server is declared"),
        (platform(Service("a", ("a",), instance="nowhere")), 'pinned to instance "nowhere"'),
        (platform(Service("a", ("a",), database="postgres")), "belongs to the server"),
        (platform(FOREIGN, Service("a", ("a",), database="shop_bi")), "owns database"),
        (platform(A, B, groups=(("a", ("b-c",)),), layout=Layout.GROUPS), "would share a database"),
        (platform(A, groups=(("g", ("zz",)),), layout=Layout.GROUPS), "is not declared"),
        (platform(A, groups=(("g", ("a",)), ("h", ("a",))), layout=Layout.GROUPS), 'in group "g" and in group "h"'),
        (platform(Service("x-y", ("a",)), Service("x_y", ("b",))), "would share the role"),
        (
            platform(
                Service("a", ("a",), settings=(("max_wal_size", "1GB"),)),
                Service("b", ("b",), settings=(("max_wal_size", "2GB"),)),
            ),
            'ask for different values of "max_wal_size"',
        ),
    ],
)
def test_what_cannot_be_placed_is_refused_with_a_hint(wrong: object, message: str) -> None:
    with pytest.raises(LayoutError, match=message) as refused:
        place(wrong)  # type: ignore[arg-type]
    assert refused.value.hint.endswith(".")
    assert not refused.value.message.endswith(".")


def test_the_servers_word_settles_services_that_disagree() -> None:
    wal = [Service(name, (name,), settings=(("max_wal_size", value),)) for name, value in (("a", "1GB"), ("b", "2GB"))]
    server = Server("main", ServerKind.EMBEDDED, settings=(("max_wal_size", "8GB"),))
    assert place(platform(*wal, servers=(server,))).instances[0].settings == (("max_wal_size", "8GB"),)


def test_what_a_login_can_have_is_no_setting_of_the_server() -> None:
    services = [Service(name, (name,), settings=(("Work_Mem", value),)) for name, value in (("a", "1MB"), ("b", "2MB"))]
    assert place(platform(*services)).instances[0].settings == ()
