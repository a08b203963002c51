"""What a verification says to do next: a repair only where it can mend what differs."""

from __future__ import annotations

from typing import cast

import pytest

from freehold.cli import movechecks, movereports
from freehold.cli.context import Context
from freehold.local.movesfile import Known
from freehold.move.alike import Difference
from freehold.move.model import SOURCE, TARGET, Side
from freehold.move.verify.model import Compared, Mode, Options, Report
from freehold.spec.model import TableName

HOME, FED = Side("a", "old"), Side("b", "new")
MISSING = Difference("index", "shop.i", "", "there", "")


@pytest.mark.parametrize(
    ("home", "rows", "definitions", "expected"),
    [
        (SOURCE, 0, (), "freehold move cutover"),
        (SOURCE, 1, (), "freehold move verify --repair"),
        (SOURCE, 0, (MISSING,), "freehold move status"),
        (TARGET, 1, (), "freehold move status"),
    ],
)
def test_a_repair_is_advised_for_rows_only(
    monkeypatch: pytest.MonkeyPatch, home: str, rows: int, definitions: tuple[Difference, ...], expected: str
) -> None:
    table = Compared(TableName("shop", "t"), 9, 1, rows, ())
    report = Report(Mode.FULL, HOME, FED, (table,), 1, 0, 0, 0, 1.0, "snapshots", 0.0, 0.0, "2026-01-01T00:00:00Z")
    found = movechecks.Verified("shop", home, report, definitions)
    monkeypatch.setattr(movechecks, "verify", lambda *_: found)
    monkeypatch.setattr(movereports, "document_of", lambda *_: {})
    told = movereports.verified(cast(Context, None), [cast(Known, None)], Options(), 0, "")
    assert told.next == expected
    assert told.exit == (2 if rows or definitions else 0)
