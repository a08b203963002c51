"""A server with TimescaleDB, where one is named: nothing here starts or installs one."""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from freehold.pg.address import address_from_url
from freehold.pg.servers import PgServers
from freehold.sqltext import ident, keyword, sql
from support.clusters import TidyServers

URL = "FREEHOLD_TEST_TIMESCALE_URL"
APACHE_URL = "FREEHOLD_TEST_TIMESCALE_APACHE_URL"


@pytest.fixture
def timescale() -> Iterator[TidyServers]:
    """TidyServers whose instance "main" has TimescaleDB. Of what is there only databases and roles of the platform
    "shop", which the tests make, are removed."""
    yield from _named(URL, f"no {URL} names a server with TimescaleDB")


@pytest.fixture
def timescale_apache() -> Iterator[TidyServers]:
    """The same, of a server whose timescaledb.license is apache."""
    yield from _named(APACHE_URL, f"no {APACHE_URL} names a server with the Apache edition of TimescaleDB")


def _named(variable: str, why_not: str) -> Iterator[TidyServers]:
    url = os.environ.get(variable, "")
    if not url:
        pytest.skip(why_not)
    address = address_from_url("main", url)
    with (Path(tempfile.gettempdir()) / variable).open("w") as one_at_a_time:
        # all workers share the server, and each of them removes what it finds there
        fcntl.flock(one_at_a_time, fcntl.LOCK_EX)
        _clean(PgServers({"main": address}))
        servers = TidyServers({"main": address})
        try:
            yield servers
        finally:
            servers.tidy()
            _clean(PgServers({"main": address}))


def _clean(servers: PgServers) -> None:
    session = servers.admin("main")
    try:
        for (name,) in session.query(
            keyword("SELECT datname FROM pg_catalog.pg_database WHERE datname ~ '^shop(_|$)' ORDER BY 1")
        ):
            session.execute(sql("DROP DATABASE {} WITH (FORCE)", ident(str(name))))
        roles = session.query(keyword("SELECT rolname FROM pg_catalog.pg_roles WHERE rolname ~ '^shop_' ORDER BY 1"))
        for (name,) in roles:
            session.execute(sql("DROP OWNED BY {}", ident(str(name))))
        for (name,) in roles:
            session.execute(sql("DROP ROLE {}", ident(str(name))))
    finally:
        session.close()
