"""Platforms that are up once for each version, for the tests of what their services do."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import pytest

from support.clusters import VERSIONS
from support.examples import Case, Raised, raised
from support.tenancy import Companies, companies

_BOTH_VERSIONS = ("_layouts.py", "_prefect.py")
"""Files that say themselves what runs on 15 in every run; what the services do is tried there by `make soak`."""


@pytest.hookimpl(tryfirst=True)  # before the groups are read
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """The rules, attacks and queries of the examples are tried on 18 in CI.

    The tests of one file stay together, so that the platform they share comes up once."""
    here = Path(__file__).parent
    for item in items:
        together = here in item.path.parents and not item.path.name.endswith(_BOTH_VERSIONS)
        if together and item.get_closest_marker("xdist_group") is None:
            item.add_marker(pytest.mark.xdist_group(item.path.stem))
    if os.environ.get("FREEHOLD_SOAK") == "1":
        return
    later = [
        item
        for item in items
        if here in item.path.parents and not item.path.name.endswith(_BOTH_VERSIONS) and "15" in item.name
    ]
    if later:
        config.hook.pytest_deselected(items=later)
        items[:] = [item for item in items if item not in set(later)]


Connection = psycopg.Connection[tuple[object, ...]]


@dataclass(frozen=True)
class Treum:
    """The running platform, as its services see it."""

    platform: Raised
    _urls: dict[str, str] = field(default_factory=dict)

    def url(self, service: str) -> str:
        if service not in self._urls:
            self._urls[service] = self.platform.url(service)
        return self._urls[service]

    def connect(self, service: str) -> Connection:
        """A session of the service's application role; each statement its own transaction, unless one is begun."""
        return psycopg.connect(self.url(service), autocommit=True)

    def account(self, email: str, country: str = "DE", appetite: int = 2) -> str:
        """A new account with a profile."""
        with self.connect("users") as users:
            (made,) = users.execute(
                "INSERT INTO users.account (email, password_hash) VALUES (%s, '$argon2id$x')"
                " RETURNING account_id::text",
                (email,),
            ).fetchone() or ("",)
            users.execute(
                "INSERT INTO users.profile (account_id, display_name, country, risk_appetite) VALUES (%s, %s, %s, %s)",
                (made, email.partition("@")[0], country, appetite),
            )
        return str(made)

    def symbol(self, name: str, asset_class: str = "equity") -> int:
        """A new instrument, known to market data and to trading; its number there."""
        with self.connect("market-data") as market:
            market.execute(
                "INSERT INTO market_history.instrument (symbol, name, asset_class, venue, currency, listed_on)"
                " VALUES (%s, %s, %s, 'XETR', 'EUR', '2020-01-01')",
                (name, name, asset_class),
            )
        with self.connect("trading") as trading:
            (number,) = trading.execute(
                "INSERT INTO trading.instrument (symbol, asset_class, currency, tick_size)"
                " VALUES (%s, %s, 'EUR', 0.01) RETURNING instrument_id",
                (name, asset_class),
            ).fetchone() or (0,)
        assert isinstance(number, int)
        return number


@pytest.fixture(
    scope="session",
    params=[pytest.param(version, marks=pytest.mark.xdist_group(f"treum-pg{version}")) for version in VERSIONS],
    ids=[f"pg{version}" for version in VERSIONS],
)
def treum(request: pytest.FixtureRequest) -> Iterator[Treum]:
    """All services in one database, so that declared reads are grants and references are keys."""
    with raised("treum", Case("schema-per-service", request.param), prove=False) as platform:
        yield Treum(platform)


@pytest.fixture(
    scope="session",
    params=[pytest.param(version, marks=pytest.mark.xdist_group(f"tenants-pg{version}")) for version in VERSIONS],
    ids=[f"pg{version}" for version in VERSIONS],
)
def two(request: pytest.FixtureRequest) -> Iterator[Companies]:
    """The database service for many companies, with two of them in it. What a test changes, it fills again."""
    with companies("schema-per-service", request.param) as found:
        yield found
