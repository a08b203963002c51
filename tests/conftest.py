"""Fixtures that start real servers, for every folder of tests."""

from __future__ import annotations

import signal

import pytest
from hypothesis import settings

from support.examples import SOAK
from support.fixtures import clusters, fresh_embedded, server, server15, server18, servers
from support.sampling import put_off

# the same examples in every run of CI; `make soak` looks for new ones, and much longer
settings.register_profile("ci", derandomize=True, deadline=None)
settings.register_profile("soak", max_examples=5_000, deadline=None)
settings.load_profile("soak" if SOAK else "ci")

# a run in the background ignores Ctrl-C, and so would all that it starts
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update", action="store_true", help="rewrite the expected files of golden cases")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave to `make soak` a part of what is the same on 18. Put the longest tests first, so that no worker is left
    alone with one at the end. Fail where tests that share servers would be spread over the workers: every worker would
    start them again."""
    if not SOAK and not any("::" in argument for argument in config.args):
        names = {item.nodeid.partition("@")[0] for item in items}
        later = [
            item
            for item in items
            if not item.path.name.endswith("_layouts.py") and put_off(item.nodeid.partition("@")[0], names)
        ]
        config.hook.pytest_deselected(items=later)
        items[:] = [item for item in items if item not in set(later)]
    items.sort(key=lambda item: item.path.parent.name != "stories")
    if getattr(config.option, "loadgroup", False):
        loose = [one.nodeid for one in items if one.get_closest_marker("xdist_group") and "@" not in one.nodeid]
        if loose:
            raise pytest.UsageError(f"pytest-xdist does not see the group of {loose[0]}: another version of pytest?")


__all__ = ["clusters", "fresh_embedded", "server", "server15", "server18", "servers"]
