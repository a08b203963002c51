"""What a verification says to do next: a repair only where it can mend what differs."""

from __future__ import annotations

from typing import cast

import pytest

from freehold.cli import movechecks, movereports
from freehold.cli.context import Context
from freehold.local.movesfile import Known
from freehold.move.alike import Difference
from freehold.move.model import Side
from freehold.move.verify.model import Mode, Options, Report

HOME, FED = Side("a", "old"), Side("b", "new")
MISSING = Difference("index", "shop.i", "", "there", "")


@pytest.mark.parametrize(
    ("unsettled", "definitions", "expected"),
    [
        (0, (), "freehold move cutover"),
        (1, (), "freehold move verify --repair"),
        (0, (MISSING,), ""),
        (1, (MISSING,), ""),
    ],
)
def test_a_repair_is_advised_for_rows_only(
    monkeypatch: pytest.MonkeyPatch, unsettled: int, definitions: tuple[Difference, ...], expected: str
) -> None:
    report = Report(Mode.FULL, HOME, FED, (), 1, unsettled, 0, 0, 1.0, "snapshots", 0.0, 0.0, "2026-01-01T00:00:00Z")
    found = movechecks.Verified("shop", report, definitions)
    monkeypatch.setattr(movechecks, "verify", lambda *_: found)
    monkeypatch.setattr(movereports, "_document", lambda *_: {})
    told = movereports.verified(cast(Context, None), [cast(Known, None)], Options(), 0)
    assert told.next == expected
    assert told.exit == (2 if unsettled or definitions else 0)
