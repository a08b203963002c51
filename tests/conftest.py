"""Fixtures that start real servers, for every folder of tests."""

from __future__ import annotations

import os

import pytest
from hypothesis import settings

from support.fixtures import clusters, fresh_embedded, server, server15, server18, servers

# the same examples in every run of CI; `make soak` looks for new ones, and much longer
settings.register_profile("ci", derandomize=True, deadline=None)
settings.register_profile("soak", max_examples=5_000, deadline=None)
settings.load_profile("soak" if os.environ.get("FREEHOLD_SOAK") == "1" else "ci")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update", action="store_true", help="rewrite the expected files of golden cases")


__all__ = ["clusters", "fresh_embedded", "server", "server15", "server18", "servers"]
