"""The design of a golden case: what ``spec.yml`` in its folder declares, as ``freehold plan`` would take it."""

from __future__ import annotations

from pathlib import Path

from freehold.local.declaration import load
from freehold.local.migrations import collect
from freehold.plan.model import Design
from freehold.spec.check import check
from support.plans import design

CASES = Path(__file__).parent / "cases"
AUTHORITATIVE = "# freehold plan --authoritative"


def declared(name: str, cases: Path = CASES) -> Design:
    """The case's design. A first line ``# freehold plan --authoritative`` stands for that flag."""
    path = cases / name / "spec.yml"
    platform = load(path)
    assert [c for c in check(platform, "2026-11-20") if c.level == "error"] == []
    migrations, commands = collect(platform, path.parent)
    first = path.read_text(encoding="utf-8").partition("\n")[0]
    return design(platform, migrations=dict(migrations), commands=dict(commands), authoritative=first == AUTHORITATIVE)
