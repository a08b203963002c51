"""A proof on real servers: green on a clean platform in every layout, and it cleans up after itself."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from freehold.errors import Busy, Unreachable
from freehold.prove.canary import MARK, PREFIX, leftovers
from freehold.prove.model import Report, Verdict
from freehold.prove.page import html
from freehold.prove.show import as_json
from freehold.spec.model import Ignore, Layout, Limits, Platform, Server, ServerKind, Service, TableName
from freehold.sqltext import keyword, raw
from support.clusters import VERSIONS, elsewhere, embedded, instance, stopped, unlocked_hba
from support.proofs import MAIN, Built, Quiet, build, file, small

EMBEDDED = Server("main", ServerKind.EMBEDDED)
HOSTILE = ('we"ird', "line\nbreak", "<img src=x onerror=1>", "ü" * 20, "'; drop table x; --", "{} %s \\ $fh$", "a b")


def explained(report: Report) -> str:
    return "\n".join(f"{f.code} | {f.object} | {f.title} | {f.detail}" for f in (*report.violations, *report.unknown))


@pytest.fixture(scope="module")
def built() -> Iterator[Built]:
    with embedded([instance("main", 18)]) as (_, servers):
        yield build(servers, small(Layout.SCHEMA_PER_SERVICE, EMBEDDED))


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("layout", list(Layout), ids=str)
def test_a_clean_platform_gives_no_false_alarm(layout: Layout, version: int) -> None:
    platform = small(layout, EMBEDDED)
    names = ["feed", "trading", "users"] if layout is Layout.INSTANCE_PER_SERVICE else ["main"]
    with embedded([instance(name, version) for name in names]) as (_, servers):
        report = build(servers, platform).prove()

    assert report.passed, explained(report)
    assert report.attempts > 1000
    assert report.by_attack["own_access"]["held"] == 24
    assert report.by_attack["read_tables"]["held"] > 5
    assert set(report.versions) == set(names)


def test_a_layout_says_what_it_cannot_prevent_and_which_layout_can(built: Built) -> None:
    limits = {finding.code: finding for finding in built.prove().limits}

    assert "listen_notify" in limits
    assert '"database-per-service" or "instance-per-service" prevents it' in limits["listen_notify"].detail
    assert "No layout prevents it" in limits["alter_own_role"].detail


def test_one_login_for_all_is_a_limit_between_every_two_services() -> None:
    with embedded([instance("main", 18)]) as (_, servers):
        report = build(servers, small(Layout.CENTRAL, EMBEDDED)).prove()

    pairs = {(cell.actor, cell.target): cell.verdict for cell in report.matrix}
    assert {v for (one, other), v in pairs.items() if one != other} == {Verdict.LIMIT}
    assert any(f.code == "shared_login" and '"schema-per-service"' in f.detail for f in report.limits)


def test_a_leak_is_judged_by_seeing_the_canary(built: Built) -> None:
    built.admin("GRANT shop_users_app TO shop_feed_app", "shop")
    report = built.prove()
    built.admin("REVOKE shop_users_app FROM shop_feed_app", "shop")

    leak = next(f for f in report.violations if f.code == "read_tables")
    assert "The canary's secret was seen." in leak.detail
    assert leak.service == "users"
    cells = {(cell.actor, cell.target): cell.verdict for cell in report.matrix}
    assert cells["feed", "users"] is Verdict.BROKEN
    assert cells["trading", "users"] is not Verdict.BROKEN


def test_every_service_meets_every_other_one(built: Built) -> None:
    clean = built.prove()
    built.admin("GRANT pg_signal_backend, pg_read_all_stats TO shop_feed_app")
    open_ = built.prove(attacks=["terminate_backend", "activity_of_others"])
    built.admin("REVOKE pg_signal_backend, pg_read_all_stats FROM shop_feed_app")

    pairs = 6
    assert clean.passed, explained(clean)
    assert clean.by_attack["listen_notify"]["limit"] == pairs
    assert clean.by_attack["advisory_locks"]["limit"] == pairs
    assert clean.by_attack["activity_of_others"] == {"held": pairs, "limit": pairs, "broken": 0, "unknown": 0}
    assert clean.by_attack["terminate_backend"]["held"] == 2 * pairs
    assert {(cell.actor, cell.target) for cell in open_.matrix if cell.verdict is Verdict.BROKEN} == {
        ("feed", "trading"),
        ("feed", "users"),
    }
    assert open_.by_attack["terminate_backend"]["broken"] == 2
    assert open_.by_attack["activity_of_others"]["broken"] == 2
    assert {f.code for f in open_.violations} == {"terminate_backend", "activity_of_others"}


def test_a_proof_of_some_services_holds_what_was_done_by_and_to_them(built: Built) -> None:
    built.admin("GRANT shop_users_app TO shop_feed_app;\nGRANT shop_trading_app TO shop_feed_app")
    users, feed = built.prove(services=["users"]), built.prove(services=["feed"])
    built.admin("REVOKE shop_users_app, shop_trading_app FROM shop_feed_app")
    trading = built.prove(services=["trading"])

    def broken(report: Report) -> set[tuple[str, str]]:
        return {(c.actor, c.target) for c in report.matrix if c.verdict is Verdict.BROKEN and c.actor and c.target}

    assert broken(users) == {("feed", "users")}
    assert {("feed", "users"), ("feed", "trading")} <= broken(feed)
    assert trading.passed, explained(trading)


def test_five_hundred_open_tables_are_one_finding(built: Built) -> None:
    tables = "".join(f"CREATE TABLE users.many_{n} (a int);" for n in range(100))
    built.admin(f"SET ROLE shop_users_owner;{tables}RESET ROLE", "shop")
    built.admin("GRANT USAGE ON SCHEMA users TO PUBLIC;\nGRANT SELECT ON ALL TABLES IN SCHEMA users TO PUBLIC", "shop")
    report = built.prove(attacks=["read_tables"])
    built.admin(
        "REVOKE USAGE ON SCHEMA users FROM PUBLIC;\nREVOKE SELECT ON ALL TABLES IN SCHEMA users FROM PUBLIC", "shop"
    )
    built.admin("".join(f"DROP TABLE users.many_{n};\n" for n in range(100)), "shop")

    assert len(report.violations) == 1, explained(report)
    assert "and 101 more" in report.violations[0].object
    assert report.violations[0].remedy.count("REVOKE SELECT") == 102
    assert report.by_attack["read_tables"]["broken"] > 200


def test_nothing_is_left_behind(built: Built) -> None:
    report = built.prove()
    session = built.servers.admin("main", "shop")

    assert report.by_attack["no_trace"]["unknown"] == 0
    assert session.query(leftovers()) == []
    assert session.query(keyword("SELECT count(*) FROM pg_catalog.pg_largeobject_metadata")) == [(0,)]
    assert session.query(keyword("SELECT count(*) FROM pg_catalog.pg_class WHERE relname LIKE 'freehold_%'")) == [(0,)]
    session.close()


def test_what_changes_during_a_proof_is_seen_and_is_not_green(built: Built) -> None:
    class Meddles(Quiet):
        def event(self, what: str, done: int, total: int) -> None:
            if what == "attacks" and done == 1:
                built.admin("INSERT INTO users.account VALUES (7, 'x', 'y');\nCREATE ROLE meddler", "shop")

    from freehold.local.clock import SystemClock
    from freehold.prove.run import prove

    report = prove(built.platform, built.placements, built.servers, built.secrets, SystemClock(), Meddles())
    built.admin("DELETE FROM users.account;\nDROP ROLE meddler", "shop")

    assert not report.passed
    assert {f.code for f in report.unknown} == {"no_trace"}
    assert any('rows of "users"."account"' in e.text for f in report.unknown for e in f.evidence)
    assert any("roles of instance main" in e.text for f in report.unknown for e in f.evidence)


def test_canaries_of_a_killed_proof_are_cleaned_and_a_users_table_is_not(built: Built) -> None:
    old = f"{PREFIX}0123456789"
    built.admin(
        f"CREATE TABLE users.{old} (a int);\nCOMMENT ON TABLE users.{old} IS '{MARK}: x';\n"
        f"CREATE TABLE users.{PREFIX}mine (a int);\nALTER TABLE users.{PREFIX}mine OWNER TO shop_users_owner",
        "shop",
    )
    report = built.prove()
    session = built.servers.admin("main", "shop")
    left = session.query(keyword("SELECT relname::text FROM pg_catalog.pg_class WHERE relname LIKE 'freehold_canary%'"))
    session.close()
    built.admin(f"DROP TABLE users.{PREFIX}mine", "shop")

    assert left == [(f"{PREFIX}mine",)]
    assert report.passed, explained(report)


def test_an_interrupted_proof_takes_its_canaries_away(built: Built) -> None:
    class Interrupts(Quiet):
        def event(self, what: str, done: int, total: int) -> None:
            if what == "attacks":
                raise KeyboardInterrupt

    from freehold.local.clock import SystemClock
    from freehold.prove.run import prove

    with pytest.raises(KeyboardInterrupt):
        prove(built.platform, built.placements, built.servers, built.secrets, SystemClock(), Interrupts())
    session = built.servers.admin("main", "shop")
    assert session.query(leftovers()) == []
    session.close()
    assert built.prove().passed


def test_the_login_of_a_move_is_a_limit_as_long_as_the_move_lasts(built: Built) -> None:
    built.admin("CREATE ROLE freehold_mv_1_f LOGIN REPLICATION;\nGRANT CONNECT ON DATABASE shop TO freehold_mv_1_f")
    attacks = ("undeclared_grants", "undeclared_logins")
    lasting = built.prove(attacks=attacks, passing=[("main", "shop", "freehold_mv_1_f")])
    elsewhere = built.prove(attacks=attacks, passing=[("main", "other", "freehold_mv_1_f")])
    over = built.prove(attacks=attacks)
    built.admin("DROP OWNED BY freehold_mv_1_f;\nDROP ROLE freehold_mv_1_f", "shop")
    assert lasting.passed, explained(lasting)
    assert [one.object for one in lasting.limits if one.code == "undeclared_logins"] == ['role "freehold_mv_1_f"']
    assert {one.code for one in elsewhere.violations} == {"undeclared_grants"}
    assert {one.code for one in over.violations} == {"undeclared_grants", "undeclared_logins"}


def test_two_proofs_at_once_are_refused(built: Built) -> None:
    class Again(Quiet):
        seen: Busy | None = None

        def event(self, what: str, done: int, total: int) -> None:
            if Again.seen is None:
                try:
                    built.prove()
                except Busy as busy:
                    Again.seen = busy

    from freehold.local.clock import SystemClock
    from freehold.prove.run import prove

    prove(built.platform, built.placements, built.servers, built.secrets, SystemClock(), Again())
    assert Again.seen is not None
    assert "another proof" in Again.seen.message


def test_a_login_without_a_known_password_is_unknown_and_never_held(built: Built) -> None:
    verifier = built.secrets.verifiers.pop("shop_feed_ro")
    report = built.prove()
    built.secrets.verifiers["shop_feed_ro"] = verifier

    assert not report.passed
    assert any(f.code == "prepare" and '"shop_feed_ro"' in f.object for f in report.unknown)


def test_a_table_that_is_locked_is_unknown_and_never_held(built: Built) -> None:
    blocker = built.servers.admin("main", "shop")
    blocker.execute(raw("BEGIN; LOCK TABLE users.account IN ACCESS EXCLUSIVE MODE"))
    report = built.prove(attacks=["declared_reads", "own_access"])
    blocker.execute(raw("ROLLBACK"))
    blocker.close()

    assert not report.passed
    assert any("lock timeout" in f.title for f in report.unknown)


def test_without_plpgsql_every_statement_is_tried_alone(built: Built) -> None:
    built.admin("REVOKE USAGE ON LANGUAGE plpgsql FROM PUBLIC", "shop")
    with_it = built.prove(attacks=["read_tables", "write_tables"])
    built.admin("GRANT SELECT ON users.secret TO shop_feed_app;\nGRANT USAGE ON SCHEMA users TO shop_feed_app", "shop")
    leaky = built.prove(attacks=["read_tables", "write_tables"])
    built.admin(
        "REVOKE SELECT ON users.secret FROM shop_feed_app;\nREVOKE USAGE ON SCHEMA users FROM shop_feed_app", "shop"
    )
    built.admin("GRANT USAGE ON LANGUAGE plpgsql TO PUBLIC", "shop")

    assert with_it.passed, explained(with_it)
    assert [f.object for f in leaky.violations] == ['table "users"."secret"']


def test_an_accepted_finding_is_listed_apart_until_its_day(built: Built) -> None:
    built.admin("GRANT SELECT ON users.secret TO shop_feed_app", "shop")
    key = built.prove().violations[0].key
    kept = Platform(
        **{
            **{f: getattr(built.platform, f) for f in Platform.__slots__},
            "ignores": (Ignore(key, "known", "2026-12-31"),),
        }
    )
    accepting = Built(kept, built.placements, built.servers, built.design, built.secrets)
    before, after = accepting.prove(now="2026-12-31T00:00:00+00:00"), accepting.prove(now="2027-01-01T00:00:00+00:00")
    built.admin("REVOKE SELECT ON users.secret FROM shop_feed_app", "shop")

    assert before.passed
    assert [f.key for f in before.ignored] == [key]
    assert not after.passed


@pytest.mark.parametrize("layout", [Layout.SCHEMA_PER_SERVICE, Layout.DATABASE_PER_SERVICE], ids=str)
def test_hostile_names_are_ordinary(layout: Layout) -> None:
    services = []
    files = {}
    for number, name in enumerate(HOSTILE):
        services.append(
            Service(
                f"s{number}",
                (name,),
                limits=Limits(connections=4),
                reads=(TableName(HOSTILE[0], name),) if number == 1 else (),
            )
        )
        quoted = name.replace('"', '""')
        files[f"s{number}"] = file(
            "".join(f'CREATE TABLE "{n.replace(chr(34), chr(34) * 2)}" ("{quoted}" int);' for n in HOSTILE)
        )
    platform = Platform(name="shop", layout=layout, servers=(EMBEDDED,), services=tuple(services))
    with embedded([instance("main", 18)]) as (_, servers):
        hostile = build(servers, platform, files)
        clean = hostile.prove()
        schema, table = (name.replace('"', '""') for name in (HOSTILE[0], HOSTILE[2]))
        hostile.admin(f'GRANT SELECT ON "{schema}"."{table}" TO PUBLIC', hostile.placements.of("s0").database)
        open_ = hostile.prove()

    assert clean.passed, explained(clean)
    assert {f.object for f in open_.violations} == {f'table "{schema}"."{table}"'}
    page = html(open_)
    assert "<img" not in page
    assert "&lt;img src=x" in page


def test_a_foreign_application_owns_its_database_and_nothing_else() -> None:
    platform = Platform(
        name="shop",
        layout=Layout.DATABASE_PER_SERVICE,
        servers=(EMBEDDED,),
        services=(Service("prefect", ()), Service("users", ("users",))),
    )
    with embedded([instance("main", 18)]) as (_, servers):
        foreign = build(servers, platform)
        login = servers.login("main", "shop_prefect", "shop_prefect_app", foreign.secrets.password("shop_prefect_app"))
        login.execute(raw("CREATE SCHEMA mine; CREATE TABLE mine.flow (a int); CREATE TABLE public.run (a int)"))
        login.execute(raw("CREATE FUNCTION mine.pay(int) RETURNS int LANGUAGE sql AS 'SELECT $1'"))
        login.close()
        clean = foreign.prove()
        foreign.admin("GRANT CONNECT ON DATABASE shop_prefect TO shop_users_app", "shop_prefect")
        leaky = foreign.prove()
        servers.write_hba("main", unlocked_hba())
        foreign.admin("GRANT USAGE ON SCHEMA mine TO PUBLIC", "shop_prefect")
        callable_ = foreign.prove(attacks=["functions"])
        for line in callable_.violations[0].remedy.splitlines():
            if not line.startswith("--"):
                foreign.admin(line, "shop_prefect")
        mended = foreign.prove(attacks=["functions"])

    assert clean.passed, explained(clean)
    assert clean.by_attack["functions"]["held"] > 0
    assert {f.object for f in leaky.violations} == {'database "shop_prefect"'}
    assert {(f.service, f.object) for f in callable_.violations} == {("prefect", 'function "mine"."pay"(integer)')}
    assert {(cell.actor, cell.target) for cell in callable_.matrix if cell.verdict is Verdict.BROKEN} == {
        ("users", "prefect")
    }
    assert not mended.violations, explained(mended)


FOREIGN = {
    "a table without a way to it": (
        "GRANT SELECT ON mine.flow TO shop_users_app",
        "undeclared_grants",
        'table "mine"."flow"',
    ),
    "a column": ("GRANT SELECT (a) ON mine.flow TO shop_users_app", "undeclared_grants", 'table "mine"."flow"'),
    "a schema": ("GRANT USAGE ON SCHEMA mine TO shop_users_ro", "undeclared_grants", 'schema "mine"'),
    "tables to come": (
        "ALTER DEFAULT PRIVILEGES FOR ROLE shop_prefect_app IN SCHEMA mine GRANT SELECT ON TABLES TO shop_users_app",
        "default_privileges",
        '"shop_prefect_app"',
    ),
    "a table with a way to it": (
        (
            "GRANT CONNECT ON DATABASE shop_prefect TO shop_users_app;\nGRANT USAGE ON SCHEMA mine TO shop_users_app;\n"
            "GRANT SELECT ON mine.flow TO shop_users_app"
        ),
        "read_tables",
        'table "mine"."flow"',
    ),
    "a table to who may connect anyway": (
        "GRANT USAGE ON SCHEMA mine TO shop_monitor;\nGRANT INSERT ON mine.flow TO shop_monitor",
        "write_tables",
        'table "mine"."flow"',
    ),
}


@pytest.fixture(scope="module")
def with_foreign() -> Iterator[Built]:
    services = (Service("prefect", ()), Service("users", ("users",)))
    platform = Platform("shop", Layout.DATABASE_PER_SERVICE, (EMBEDDED,), services)
    with embedded([instance("main", 18)]) as (_, servers):
        made = build(servers, platform)
        # what an application does in its own database, for everybody who may connect and for a role of its own
        made.admin(
            "CREATE ROLE dashboards;\nSET ROLE shop_prefect_app;\nCREATE SCHEMA mine;\n"
            "CREATE TABLE mine.flow (a int);\nCREATE TABLE public.run (a int);\nGRANT SELECT ON public.run TO PUBLIC;\n"
            "GRANT SELECT ON mine.flow TO dashboards;\n"
            "ALTER DEFAULT PRIVILEGES IN SCHEMA mine GRANT SELECT ON TABLES TO dashboards",
            "shop_prefect",
        )
        yield made


@pytest.mark.parametrize("name", FOREIGN)
def test_a_grant_inside_a_foreign_applications_database_is_seen(name: str, with_foreign: Built) -> None:
    opening, code, named = FOREIGN[name]
    clean = with_foreign.prove()
    with_foreign.admin(opening, "shop_prefect")
    if "CONNECT" in opening:
        with_foreign.servers.write_hba("main", unlocked_hba())
    leaky = with_foreign.prove()
    for line in [line for finding in leaky.violations for line in finding.remedy.splitlines()]:
        if line.startswith("freehold apply"):
            with_foreign.apply()
        elif not line.startswith("--"):
            with_foreign.admin(line, "shop_prefect")
    with_foreign.apply()
    mended = with_foreign.prove()

    assert clean.passed, explained(clean)
    assert (code, "prefect") in {(f.code, f.service) for f in leaky.violations if named in f.object}, explained(leaky)
    assert not leaky.unknown, explained(leaky)
    assert mended.passed, explained(mended)


def test_a_reference_that_crosses_databases_is_a_limit_of_the_layout() -> None:
    with embedded([instance("main", 18)]) as (_, servers):
        report = build(servers, small(Layout.DATABASE_PER_SERVICE, EMBEDDED)).prove()

    told = [f for f in report.limits if f.code == "declared_reads"]
    assert told
    assert all('"schema-per-service" or "groups"' in f.detail for f in told)


def test_a_small_platform_is_proved_in_seconds(built: Built) -> None:
    began = time.monotonic()
    report = built.prove()

    assert time.monotonic() - began < 10
    assert report.attempts > 2000


def test_the_json_has_the_keys_other_programs_rely_on(built: Built) -> None:
    document = as_json(built.prove())

    assert {"passed", "attempts", "violations", "limits", "unknown", "matrix", "by_attack"} <= set(document)
    assert json.loads(json.dumps(document)) == document


def test_a_server_that_is_not_ours_is_proved_by_its_url() -> None:
    with embedded([instance("main", 18)]) as (_, servers):
        servers.write_hba("main", unlocked_hba())
        report = build(servers, small(Layout.SCHEMA_PER_SERVICE, MAIN)).prove()

    assert report.passed, explained(report)
    assert "weak_authentication" in {f.code for f in report.limits}


@pytest.mark.parametrize("line", ["", "host nosuch nosuch 127.0.0.1/32 ldap ldapserver=127.0.0.1"], ids=["own", "ldap"])
def test_a_guess_is_a_failed_login_only_where_the_server_may_ask_somebody_else(line: str) -> None:
    with embedded([instance("main", 18)]) as (owner, servers):
        built = build(servers, small(Layout.SCHEMA_PER_SERVICE, EMBEDDED))
        if line:
            path = owner.home(instance("main", 18)).data / "pg_hba.conf"
            path.write_text(f"{path.read_text()}\n{line}\n")
        report = built.prove(attacks=["weak_authentication"])
        log = owner.home(instance("main", 18)).log.read_text()

    failed = log.count("shop_feed_app@shop FATAL")
    assert failed == (8 if line else 1)
    assert report.by_attack["weak_authentication"]["held"] > 50


def test_when_no_instance_answers_nothing_is_proved(built: Built) -> None:
    main = instance("main", 18, port=elsewhere())
    with embedded([main]) as (owner, servers):
        gone = Built(built.platform, built.placements, servers, built.design, built.secrets)
        with stopped(owner, main), pytest.raises(Unreachable, match="main"):
            gone.prove()


def test_what_does_not_answer_is_unknown_and_the_rest_is_proved() -> None:
    class Stops(Quiet):
        def event(self, what: str, done: int, total: int) -> None:
            if what == "attacks" and done == 1:
                ends.enter_context(stopped(owner, users))

    from freehold.local.clock import SystemClock
    from freehold.prove.run import prove

    users = instance("users", port=elsewhere())
    with embedded([instance("feed"), instance("trading"), users]) as (owner, servers), ExitStack() as ends:
        built = build(servers, small(Layout.INSTANCE_PER_SERVICE, EMBEDDED))
        during = prove(built.platform, built.placements, servers, built.secrets, SystemClock(), Stops())
        before = built.prove()
        ends.close()
        servers.restart({"users"})
        whole = build(servers, built.platform).prove()

    for report in (during, before):
        cells = {(cell.actor, cell.target): cell.verdict for cell in report.matrix}
        unknown = {pair for pair, verdict in cells.items() if verdict is Verdict.UNKNOWN}
        assert not report.passed
        assert report.unreachable == ("users",)
        assert not report.violations, explained(report)
        assert [f.object for f in report.unknown if f.code == "unreachable"] == ["instance users"]
        assert {pair for pair in cells if "users" in pair} <= unknown
        assert cells["feed", "trading"] is Verdict.HELD
    assert {f.code for f in before.unknown} == {"unreachable"}
    assert set(before.versions) == {"feed", "trading"}
    assert before.attempts > 200
    assert whole.passed, explained(whole)


def test_a_setting_that_waits_for_a_restart_is_not_there_yet() -> None:
    services = tuple(Service(f"s{n}", (f"s{n}",), limits=Limits(connections=40)) for n in range(3))
    platform = Platform(name="shop", layout=Layout.SCHEMA_PER_SERVICE, servers=(EMBEDDED,), services=services)
    with embedded([instance("main", 18)]) as (_, servers):
        waiting = build(servers, platform, restart=False)
        before = waiting.prove(attacks=["connection_exhaustion"])
        servers.restart_pending()
        after = waiting.prove()

    assert [f.code for f in before.violations] == ["connection_exhaustion"], explained(before)
    assert "waits for a restart" in before.violations[0].detail
    assert before.violations[0].remedy == "freehold apply --restart"
    assert after.passed, explained(after)


@pytest.mark.parametrize("version", VERSIONS)
def test_attackers_that_meet_have_got_past_the_privilege_check(version: int) -> None:
    with embedded([instance("main", version)]) as (_, servers):
        built = build(servers, small(Layout.SCHEMA_PER_SERVICE, EMBEDDED))
        blocker = servers.admin("main", "shop")
        blocker.execute(
            raw(
                "BEGIN; CREATE TABLE feed.freehold_proof_intruder (); CREATE SCHEMA freehold_proof_intruder;"
                " CREATE EXTENSION hstore SCHEMA pg_catalog"
            )
        )
        clean = built.prove(attacks=["create_objects"])
        built.admin(
            "GRANT CREATE ON SCHEMA feed TO shop_feed_app;\nGRANT CREATE ON DATABASE shop TO shop_feed_app", "shop"
        )
        met = built.prove(attacks=["create_objects"])
        blocker.execute(raw("ROLLBACK"))
        blocker.close()

    assert {f.code for f in clean.violations} == set(), explained(clean)
    assert {f.code for f in met.unknown} <= {"no_trace"}, explained(met)
    said = " ".join(item.text for f in met.violations for item in f.evidence)
    assert said.count("55P03") == 2, said
    assert {f.object for f in met.violations} == {'database "shop"', 'schema "feed"'}, explained(met)
    assert "CREATE SCHEMA" in said
    assert "CREATE TABLE" in said
    assert "has_database_privilege" in said


def test_a_table_under_maintenance_is_no_false_alarm(built: Built) -> None:
    blocker = built.servers.admin("main", "shop")
    # what VACUUM, ANALYZE and CREATE INDEX CONCURRENTLY hold
    blocker.execute(raw("BEGIN; LOCK TABLE users.account IN SHARE UPDATE EXCLUSIVE MODE"))
    report = built.prove()
    blocker.execute(raw("ROLLBACK"))
    blocker.close()

    assert report.passed, explained(report)
    assert report.by_attack["ddl"]["held"] > 100
