"""SQL that nests too deeply for the parser is no crash: it is searched as text, or left to the server."""

from __future__ import annotations

import subprocess
import sys

import pytest

from freehold.apply.script import inspect
from freehold.spec.crossings import crossings
from freehold.spec.model import Layout, Platform, Service

DEEP = "CREATE VIEW orders.v AS SELECT " + " + ".join(["1"] * 60_000) + " FROM billing.invoice;"
MIDDLE = "CREATE VIEW orders.v AS SELECT " + " + ".join(["1"] * 3_000) + " FROM billing.invoice;"


@pytest.mark.parametrize("text", [DEEP, MIDDLE], ids=["sixty thousand", "three thousand"])
def test_a_chain_of_operators_is_left_to_the_server(text: str) -> None:
    script = inspect(text, transactional=True)

    assert not script.parsed
    assert [piece.text for piece in script.pieces] == [text]


@pytest.mark.parametrize("text", [DEEP, MIDDLE], ids=["sixty thousand", "three thousand"])
def test_what_it_crosses_is_still_seen(text: str) -> None:
    orders, billing = Service("orders", ("orders",)), Service("billing", ("billing",))
    platform = Platform(name="shop", layout=Layout.SCHEMA_PER_SERVICE, servers=(), services=(orders, billing))

    assert [one.name for one in crossings(orders, text, platform)] == ["invoice"]


def test_the_parser_alone_would_end_the_process() -> None:
    program = f"import postgast; postgast.parse({DEEP!r})"
    done = subprocess.run([sys.executable, "-"], input=program.encode(), capture_output=True, check=False)

    assert done.returncode != 0
