"""What PgBouncer is told, and what its figures mean: pure, no server."""

from __future__ import annotations

import math

import pytest

from freehold.errors import FreeholdError
from freehold.layouts.placement import place
from freehold.pool.advice import advise
from freehold.pool.bouncers import Place, alias, bouncers, part
from freehold.pool.model import Auth, Bouncer, Login, Totals
from freehold.pool.report import running, totals, utilisation
from freehold.pool.text import configuration, unit, users
from freehold.spec.model import Layout, Platform, Pool, Pooler, Server, ServerKind, Service

PLACE = Place("127.0.0.1", 5432, "disable", superuser=True)
FILES = {"users": "/u", "log": "/l", "pid": "/p"}


def platform(layout: Layout = Layout.DATABASE_PER_SERVICE, **pooler: object) -> Platform:
    return Platform(
        "shop",
        layout,
        (Server("main", ServerKind.EMBEDDED),),
        (
            Service("orders", ("orders",), pool=Pool(10, 6433, 2)),
            Service("plain", ("plain",)),
            Service("users", ("users",), pool=Pool(5)),
        ),
        pooler=Pooler(**pooler),  # type: ignore[arg-type]
    )


def made(declared: Platform, place_: Place = PLACE) -> tuple[Bouncer, ...]:
    return bouncers(declared, place(declared), {"main": place_})


def test_each_service_with_a_pool_gets_a_pgbouncer_of_its_own() -> None:
    found = made(platform())
    assert [(one.name, one.port, [entry.alias for entry in one.entries]) for one in found] == [
        ("orders", 6433, ["shop_orders"]),
        ("users", None, ["shop_users"]),
    ]
    assert found[0].entries[0].database == "shop_orders"


def test_one_pgbouncer_may_serve_all() -> None:
    (found,) = made(platform(sharing="platform", port=6500))
    assert (found.port, [entry.alias for entry in found.entries]) == (6500, ["shop_orders", "shop_users"])
    assert found.max_clients == 2000


def test_an_alias_stays_when_the_layout_changes() -> None:
    for layout in (Layout.SCHEMA_PER_SERVICE, Layout.CENTRAL, Layout.DATABASE_PER_SERVICE):
        assert [one.entries[0].alias for one in made(platform(layout))] == ["shop_orders", "shop_users"]


def test_without_a_pooler_there_is_none() -> None:
    declared = platform()
    assert bouncers(declared, place(declared), {}) == (), "an instance that is down has no pool"


def test_aliases_of_hostile_names_are_plain_and_distinct() -> None:
    names = ["a.b", "a b", "a-b", 'a"b', "ü", "a\nb", "a-20b", "a_b", "é" * 31, "é" * 31 + "x", "x" * 63]
    found = [alias("p", name) for name in names]
    # a hyphen and an underscore make the same database: a lint refuses the pair
    assert len(set(found)) == len(names) - 1
    assert all(
        len(one.encode()) <= 63 and all(c.isascii() and (c.isalnum() or c in "_.-") for c in one) for one in found
    )


def test_several_processes_share_the_connections_out() -> None:
    (found,) = (one for one in made(platform(processes=3)) if one.name == "orders")
    sizes = [part(found, process).entries[0].size for process in range(3)]
    assert (sizes, sum(sizes)) == ([4, 3, 3], 10)
    assert sum(part(found, process).entries[0].reserve for process in range(3)) == 2


@pytest.mark.parametrize(
    ("declared", "superuser", "auth"),
    [("", True, Auth.QUERY), ("", False, Auth.FILE), ("file", True, Auth.FILE), ("query", False, Auth.QUERY)],
)
def test_verifiers_come_from_where_they_can(declared: str, superuser: bool, auth: Auth) -> None:
    found = made(platform(auth=declared), Place("h", 1, "require", superuser))
    assert {one.auth for one in found} == {auth}
    text = configuration(found[0], 6433, (1, 18), FILES)
    assert ("auth_query" in text) == (auth is Auth.QUERY)


def test_the_configuration_says_what_was_declared() -> None:
    text = configuration(made(platform(reset=True, wait_timeout_ms=1500))[0], 6433, (1, 18), FILES)
    lines = text.splitlines()
    entry = next(line for line in lines if line.startswith("shop_orders = "))
    assert entry.split(" = ")[1].split() == [
        "host='127.0.0.1'",
        "port=5432",
        "dbname='shop_orders'",
        "pool_size=10",
        "reserve_pool=2",
        "max_db_connections=17",
        "pool_mode='transaction'",
        "auth_user='shop_pool'",
    ]
    assert {"listen_port = 6433", "query_wait_timeout = 1.5", "server_reset_query_always = 1"} <= set(lines)
    assert "auth_type = scram-sha-256" in lines
    assert "max_prepared_statements" not in text


def test_prepared_statements_are_kept_where_the_version_can() -> None:
    assert "max_prepared_statements = 200" in configuration(made(platform())[0], 6433, (1, 21), FILES)


def test_a_name_with_quotes_is_written_and_one_with_a_line_break_refused() -> None:
    assert users([Login('we"ird', "SCRAM-x")]) == '"we""ird" "SCRAM-x"\n'
    with pytest.raises(FreeholdError, match="line break"):
        users([Login("a\nb", "x")])


def test_a_unit_runs_it_in_the_foreground() -> None:
    text = unit(made(platform())[0], "/usr/sbin/pgbouncer", "/x/pgbouncer.ini", "postgres")
    assert 'ExecStart=/usr/sbin/pgbouncer "/x/pgbouncer.ini"' in text
    assert "\nUser=postgres\n" in text


POOLS = [
    {"database": "a", "cl_active": "3", "cl_waiting": "2", "sv_active": "4", "sv_idle": "1", "sv_used": "1",
     "maxwait": "1", "maxwait_us": "500000"},
    {"database": "a", "cl_active": "1", "cl_waiting": "0", "sv_active": "1", "sv_idle": "0", "sv_used": "0",
     "maxwait": "0", "maxwait_us": "0"},
    {"database": "b", "cl_active": "9", "cl_waiting": "9", "sv_active": "9", "sv_idle": "9", "maxwait": "9"},
]  # fmt: skip
DATABASES = [{"name": "a", "host": "h", "port": "5432", "database": "d", "paused": "1"}, {"name": "b", "paused": "0"}]


def test_figures_are_summed_over_logins_and_processes() -> None:
    seen = running("a", POOLS, DATABASES)
    assert (seen.clients_active, seen.clients_waiting, seen.servers_active, seen.servers_idle) == (4, 2, 5, 2)
    assert (seen.longest_wait_ms, seen.paused, seen.host, seen.port) == (1500.0, True, "h", 5432)
    assert utilisation(seen, 10) == 0.5
    assert not running("b", POOLS, DATABASES).paused


def window(transactions: int, busy_s: float, waited_s: float = 0) -> Totals:
    return Totals("a", transactions, int(busy_s * 1e6), int(waited_s * 1e6))


def test_a_pool_should_hold_the_busy_connections_and_their_spread() -> None:
    found = advise("a", 40, window(5000, busy_s=90), 10)
    assert (found.busy, found.advised) == (9.0, 15), "9 busy on average, and twice their square root"


def test_a_pool_whose_clients_wait_never_shrinks() -> None:
    assert advise("a", 40, window(5000, 90, waited_s=50), 10).advised == 41
    assert advise("a", 10, window(5000, 90, waited_s=50), 10).advised == math.ceil(9 + 2 * 3)


def test_too_little_load_says_nothing() -> None:
    found = advise("a", 40, window(99, 1), 10)
    assert (found.advised, "too few" in found.reason) == (40, True)
    assert advise("a", 40, window(0, 0), 0).advised == 40


def test_counters_of_a_restarted_pgbouncer_count_from_zero() -> None:
    assert totals(
        "a", [{"database": "a", "total_xact_count": "7", "total_xact_time": "8", "total_wait_time": "9"}]
    ) == (Totals("a", 7, 8, 9))
    assert window(150, 3).since(window(100, 1)) == window(50, 2)
    assert window(50, 3).since(window(100, 1)) == window(50, 3)
