"""Who comes past the pool is named before a move, and only they: the pool has connections of its own."""

from __future__ import annotations

import shutil

import psycopg
import pytest

from support.bank import bank, url
from support.command import Desk

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(
        shutil.which("pgbouncer", path="/usr/sbin:/usr/bin") is None, reason="PgBouncer is not installed"
    ),
]
THROUGH_POOLS = "SELECT pid FROM pg_stat_activity WHERE usename = 'bank_visits_app' AND pid <> {}"


def direct(found: Desk) -> list[str]:
    """The sessions that preflight calls direct."""
    words = ("move", "start", "--to", "database-per-service", "--service", "visits", "--dry-run", "--json")
    findings = found.run(*words).document()["findings"]
    assert isinstance(findings, list)
    return [str(one["object"]).split()[1] for one in findings if one["code"] == "direct_writers"]


def test_connections_of_the_pool_are_not_direct_and_others_are() -> None:
    with bank("schema-per-service") as found:
        proved = found.run("prove", timeout_s=300)
        assert proved.status in (0, 2), proved.all
        found.psql(url(found, "visits"), "SELECT 1")
        past = found.run("url", "visits", "--direct").out.strip()
        with psycopg.connect(past, autocommit=True) as session:
            mine = session.info.backend_pid
            admin = found.run("url", "--admin", "main").out.strip()
            # the service's own entry, and that through which the proof shares one connection between two clients
            assert len(found.psql(admin, THROUGH_POOLS.format(mine))) > 1
            assert direct(found) == [str(mine)]
        assert direct(found) == []
