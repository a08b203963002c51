"""Connections that only libpq can make: over TLS and over a Unix socket, told apart as exactly as plain ones."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from freehold.errors import ServerError
from freehold.pg.wire import SaltedPasswords, knock
from freehold.prove.model import Report
from freehold.spec.model import Layout, Server, ServerKind
from freehold.sqltext import keyword
from support.clusters import PASSWORD, VERSIONS, TidyServers
from support.proofs import build, small
from support.secured import Secured, secured

SETUP = (
    "CREATE ROLE low LOGIN PASSWORD 'p' CONNECTION LIMIT 2",
    "CREATE ROLE nologin PASSWORD 'p'",
    "CREATE DATABASE shut",
    "REVOKE CONNECT ON DATABASE shut FROM PUBLIC",
)
CASES = {
    ("postgres", "low", "p"): "",
    ("postgres", "low", "wrong"): "28P01",
    ("postgres", "low", ""): "28P01",
    ("postgres", "absent", "p"): "28P01",
    ("postgres", "nologin", "p"): "28000",
    ("absent", "low", "p"): "3D000",
    ("shut", "low", "p"): "42501",
    ("postgres", "postgres", PASSWORD): "",
}


@pytest.fixture(scope="module")
def tls() -> Iterator[Secured]:
    if 15 not in VERSIONS:
        pytest.skip("PostgreSQL 15 is not installed")
    with secured(15, tls=True) as found:
        prepare(found.servers)
        yield found


@pytest.fixture(scope="module")
def socket18() -> Iterator[Secured]:
    with secured(18, tls=False) as found:
        prepare(found.servers)
        yield found


def prepare(servers: TidyServers) -> None:
    session = servers.admin("plain")
    for statement in SETUP:
        session.execute(keyword(statement))  # type: ignore[arg-type]  # from the list above
    session.close()


@pytest.mark.parametrize("way", ["tls", "socket"])
@pytest.mark.parametrize("case", CASES, ids=lambda case: "-".join(case)[:30])
def test_a_probe_and_a_login_say_why_whatever_the_way(tls: Secured, way: str, case: tuple[str, str, str]) -> None:
    said = tls.servers.probe(way, *case)
    assert said.sqlstate == CASES[case], said
    if said.ok:
        session = tls.servers.login(way, *case)
        encrypted = session.query(keyword("SELECT ssl FROM pg_catalog.pg_stat_ssl WHERE pid = pg_backend_pid()"))
        session.close()
        assert encrypted == [(way == "tls",)]
    else:
        with pytest.raises(ServerError) as caught:
            tls.servers.login(way, *case)
        assert caught.value.sqlstate == CASES[case]
        assert not caught.value.message.startswith("connection to server"), caught.value.message


@pytest.mark.parametrize("case", CASES, ids=lambda case: "-".join(case)[:30])
def test_the_socket_of_a_server_without_tls_says_the_same(socket18: Secured, case: tuple[str, str, str]) -> None:
    assert socket18.servers.probe("socket", *case).sqlstate == CASES[case]


@pytest.mark.parametrize("way", ["tls", "socket"])
def test_a_full_login_is_told_from_a_refused_one(tls: Secured, way: str) -> None:
    held = [tls.servers.login(way, "postgres", "low", "p") for _ in range(2)]
    try:
        assert tls.servers.probe(way, "postgres", "low", "p").sqlstate == "53300"
    finally:
        for session in held:
            session.close()


def test_without_tls_a_login_that_needs_it_is_rejected(tls: Secured) -> None:
    assert tls.servers.probe("plain", "postgres", "low", "p").sqlstate == "28000"
    assert tls.servers.probe("plain", "postgres", "postgres", PASSWORD).ok


def test_a_certificate_of_somebody_else_is_no_server(tls: Secured) -> None:
    wrong = tls.with_options("tls", sslmode="verify-full", sslrootcert=str(tls.other_ca))
    said = wrong.probe("tls", "postgres", "low", "p")

    assert said.sqlstate == "08001"
    assert "certificate verify failed" in said.message
    with pytest.raises(ServerError, match="certificate verify failed"):
        wrong.admin("tls")


def test_a_name_the_certificate_does_not_hold_is_refused(tls: Secured) -> None:
    hidden = tls.with_options("tls", sslmode="verify-full", sslrootcert=str(tls.ca), hostaddr="127.0.0.1")
    place = hidden.addresses()["tls"]
    assert isinstance(hidden.places, dict)
    hidden.places["tls"] = type(place)(
        "tls", "elsewhere.example", place.port, place.user, place.password, "postgres", place.options
    )
    said = hidden.probe("tls", "postgres", "low", "p")

    assert said.sqlstate == "08001"
    assert "does not match" in said.message


def test_tls_that_a_server_does_not_have_is_said(socket18: Secured) -> None:
    demanding = socket18.with_options("plain", sslmode="require")
    said = demanding.probe("plain", "postgres", "postgres", PASSWORD)

    assert said.sqlstate == "08001"
    assert "SSL" in said.message


def test_a_plain_knock_at_a_door_with_tls_is_answered_by_the_server(tls: Secured) -> None:
    place = tls.servers.addresses()["tls"]
    said = knock(place.host, place.port, "postgres", "low", "p", SaltedPasswords())
    assert said.sqlstate == "28000"


def test_no_socket_there_is_no_server(tls: Secured) -> None:
    place = tls.servers.addresses()["socket"]
    gone = TidyServers({"socket": type(place)("socket", "/nowhere", place.port, "postgres", "", "postgres", {})})
    said = gone.probe("socket", "postgres", "low", "p")
    assert said.sqlstate == "08001"


def explained(report: Report) -> str:
    return "\n".join(f"{f.code} | {f.object} | {f.title} | {f.detail}" for f in (*report.violations, *report.unknown))


def test_a_whole_proof_over_tls_and_over_a_socket() -> None:
    if 15 not in VERSIONS:
        pytest.skip("PostgreSQL 15 is not installed")
    with secured(15, tls=True) as found:
        places = found.servers.addresses()
        over = {way: TidyServers({"main": replace(places[way], instance="main")}) for way in ("tls", "socket")}
        made = build(over["tls"], small(Layout.SCHEMA_PER_SERVICE, Server("main", ServerKind.URL)))
        clean = {way: replace(made, servers=servers).prove() for way, servers in over.items()}
        made.admin("GRANT CONNECT ON DATABASE postgres TO shop_feed_app")
        leaky = {way: replace(made, servers=servers).prove() for way, servers in over.items()}
        for servers in over.values():
            servers.tidy()

    for way in over:
        assert clean[way].passed, (way, explained(clean[way]))
        assert clean[way].by_attack["connect_other_database"]["held"] > 10
        assert {f.object for f in leaky[way].violations} == {'database "postgres"'}, explained(leaky[way])
    assert clean["tls"].attempts == clean["socket"].attempts
