"""Fixtures that start real servers, for every folder of tests."""

from __future__ import annotations

import pytest

from support.fixtures import clusters, fresh_embedded, server, server15, server18, servers


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update", action="store_true", help="rewrite the expected files of golden cases")


__all__ = ["clusters", "fresh_embedded", "server", "server15", "server18", "servers"]
