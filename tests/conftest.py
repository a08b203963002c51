"""Fixtures that start real servers, for every folder of tests."""

from __future__ import annotations

import os
import signal

import pytest
from hypothesis import settings

from support.fixtures import clusters, fresh_embedded, server, server15, server18, servers

# the same examples in every run of CI; `make soak` looks for new ones, and much longer
settings.register_profile("ci", derandomize=True, deadline=None)
settings.register_profile("soak", max_examples=5_000, deadline=None)
settings.load_profile("soak" if os.environ.get("FREEHOLD_SOAK") == "1" else "ci")

# a run in the background ignores Ctrl-C, and so would all that it starts
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update", action="store_true", help="rewrite the expected files of golden cases")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Put the longest tests first, so that no worker is left alone with one at the end. Fail where tests that share
    servers would be spread over the workers: every worker would start them again."""
    items.sort(key=lambda item: item.path.parent.name != "stories")
    if getattr(config.option, "loadgroup", False):
        loose = [one.nodeid for one in items if one.get_closest_marker("xdist_group") and "@" not in one.nodeid]
        if loose:
            raise pytest.UsageError(f"pytest-xdist does not see the group of {loose[0]}: another version of pytest?")


__all__ = ["clusters", "fresh_embedded", "server", "server15", "server18", "servers"]
