"""Fixtures of real servers; tests/conftest.py offers them to every folder of tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import pytest

from freehold.layouts.model import Instance
from freehold.pg.embedded import Embedded
from freehold.ports import Address
from support.clusters import (
    VERSIONS,
    TidyServers,
    clean,
    embedded,
    fast_settings,
    instance,
    servers_of,
    unlocked_hba,
)

__all__ = ["clusters", "fresh_embedded", "server", "server15", "server18", "servers"]

Clusters = Callable[[int], tuple[Address, TidyServers]]


@pytest.fixture(scope="session")
def clusters() -> Iterator[Clusters]:
    """(version) -> address and TidyServers of this worker's cluster, started on first use."""
    running: dict[int, tuple[Address, TidyServers]] = {}
    with ExitStack() as stack:

        def of(version: int) -> tuple[Address, TidyServers]:
            if version not in running:
                one = instance("main", version)
                owner, _ = stack.enter_context(embedded([one]))
                fast_settings(owner.home(one))
                owner.restart([one])
                servers = servers_of(owner, [one])
                running[version] = servers.addresses()["main"], servers
            return running[version]

        yield of


@contextmanager
def _cleaned(clusters: Clusters, version: int) -> Iterator[tuple[Address, TidyServers]]:
    if version not in VERSIONS:
        pytest.skip(f"PostgreSQL {version} is not installed here")
    address, servers = clusters(version)
    servers.write_hba("main", unlocked_hba())
    clean(address)
    try:
        yield address, servers
    finally:
        servers.tidy()


@pytest.fixture(params=VERSIONS, ids=[f"pg{version}" for version in VERSIONS])
def server(request: pytest.FixtureRequest, clusters: Clusters) -> Iterator[Address]:
    """The address (instance "main") of a server in the state after initdb: once for 18, once for 15."""
    with _cleaned(clusters, request.param) as (address, _):
        yield address


@pytest.fixture
def server18(clusters: Clusters) -> Iterator[Address]:
    """As ``server``, 18 only."""
    with _cleaned(clusters, 18) as (address, _):
        yield address


@pytest.fixture
def server15(clusters: Clusters) -> Iterator[Address]:
    """As ``server``, 15 only."""
    with _cleaned(clusters, 15) as (address, _):
        yield address


@pytest.fixture
def servers(server: Address, clusters: Clusters) -> TidyServers:
    """TidyServers over ``server``, allowed to write its pg_hba.conf."""
    return next(known for address, known in map(clusters, VERSIONS) if address == server)


@pytest.fixture
def fresh_embedded() -> Iterator[Callable[..., tuple[list[Instance], Embedded, TidyServers]]]:
    """(count, version=18) -> instances "i0".."iN", their Embedded, and TidyServers; removed after the test.
    The administrator's password is ``support.clusters.PASSWORD``."""
    with ExitStack() as stack:

        def make(count: int, version: int = 18) -> tuple[list[Instance], Embedded, TidyServers]:
            instances = [instance(f"i{number}", version) for number in range(count)]
            owner, servers = stack.enter_context(embedded(instances))
            return instances, owner, servers

        yield make
