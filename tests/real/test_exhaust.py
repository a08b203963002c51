"""Taking all connections a service gets: its limit refuses, nobody else is kept out, and what is wrong is seen."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from freehold.prove.model import Report, Verdict
from freehold.spec.model import Layout, Server, ServerKind
from freehold.sqltext import keyword
from support.clusters import VERSIONS, embedded, instance
from support.proofs import Built, build, small

ONLY = ["exhaust_connections"]
OURS = keyword(
    "SELECT count(*) FROM pg_catalog.pg_stat_activity WHERE backend_type = 'client backend' AND usename LIKE 'shop%'"
)


@pytest.fixture(scope="module", params=VERSIONS)
def built(request: pytest.FixtureRequest) -> Iterator[Built]:
    with embedded([instance("main", request.param)]) as (_, servers):
        yield build(servers, small(Layout.SCHEMA_PER_SERVICE, Server("main", ServerKind.EMBEDDED)))


def explained(report: Report) -> str:
    return "\n".join(f"{f.object} | {f.title} | {f.detail}" for f in (*report.violations, *report.unknown))


def broken(report: Report) -> set[tuple[str, str]]:
    return {(cell.actor, cell.target) for cell in report.matrix if cell.verdict is Verdict.BROKEN}


def test_limits_refuse_and_everybody_else_still_connects(built: Built) -> None:
    report = built.prove(attacks=ONLY, exhaust=True)
    session = built.servers.admin("main")

    assert report.passed, explained(report)
    # three services of twenty connections each, and every other login of the instance beside each of them
    assert report.by_attack["exhaust_connections"]["held"] == 3 * (20 + 8 + 1)
    assert built.prove().passed
    assert session.query(OURS) == [(0,)]
    session.close()


def test_nothing_is_taken_unless_asked_for(built: Built) -> None:
    assert set(built.prove().by_attack["exhaust_connections"].values()) == {0}


def test_a_login_without_a_limit_is_not_refused(built: Built) -> None:
    built.admin("ALTER ROLE shop_feed_app CONNECTION LIMIT -1")
    report = built.prove(attacks=ONLY, exhaust=True)
    built.admin(report.violations[0].remedy)

    assert [f.object for f in report.violations] == ['role "shop_feed_app"'], explained(report)
    assert "was not refused" in report.violations[0].title
    assert broken(report) == {("feed", "feed")}
    assert built.prove(attacks=ONLY, exhaust=True).passed


def test_a_superuser_is_held_by_no_limit(built: Built) -> None:
    built.admin("ALTER ROLE shop_feed_app SUPERUSER")
    report = built.prove(attacks=ONLY, exhaust=True)
    built.admin(report.violations[0].remedy)

    assert [f.remedy for f in report.violations] == ['ALTER ROLE "shop_feed_app" NOSUPERUSER;'], explained(report)
    assert built.prove(attacks=ONLY, exhaust=True).passed


def test_a_service_that_keeps_its_neighbours_out_is_seen(built: Built) -> None:
    built.admin("ALTER DATABASE shop CONNECTION LIMIT 12")
    report = built.prove(attacks=ONLY, exhaust=True)
    remedies = {f.remedy for f in report.violations}
    built.apply()

    assert {("feed", "users"), ("users", "trading"), ("trading", "feed")} <= broken(report), explained(report)
    assert remedies == {"freehold apply"}
    assert built.prove(attacks=ONLY, exhaust=True).passed
