"""Every test of this folder needs a running server."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.worlds import worlds

__all__ = ["worlds"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.real)
