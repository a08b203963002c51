"""Golden cases: a design and what is found give exactly this plan. ``pytest --update`` rewrites plan.txt."""

from __future__ import annotations

from pathlib import Path

import pytest

from freehold.errors import MigrationError
from freehold.plan import show
from freehold.plan.make import make
from freehold.plan.model import MigrationFile
from freehold.spec.model import Layout
from support.found_json import dumps, loads

from .designs import DESIGNS, FIRST, edited, shop

CASES = Path(__file__).parent / "cases"


@pytest.mark.parametrize("name", sorted(DESIGNS))
def test_a_case_gives_its_plan(name: str, request: pytest.FixtureRequest) -> None:
    found = loads((CASES / name / "found.json").read_text())
    assert loads(dumps(found)) == found
    text = show.script(make(DESIGNS[name](), found))
    expected = CASES / name / "plan.txt"
    if request.config.getoption("--update"):
        expected.write_text(text)
    assert text == expected.read_text()
    assert text == show.script(make(DESIGNS[name](), loads(dumps(found))))


def test_every_case_has_a_design() -> None:
    assert sorted(folder.name for folder in CASES.iterdir()) == sorted(DESIGNS)


def test_an_edited_migration_is_refused_with_both_checksums() -> None:
    found = loads((CASES / "nothing_to_do" / "found.json").read_text())
    with pytest.raises(MigrationError, match="edited after it ran") as refused:
        make(edited(), found)
    assert "a" * 64 in refused.value.message
    assert "c" * 64 in refused.value.message


def test_a_migration_that_ran_and_is_missing_is_refused() -> None:
    found = loads((CASES / "nothing_to_do" / "found.json").read_text())
    other = MigrationFile("0002.sql", "d" * 64, "", True)
    with pytest.raises(MigrationError, match="its file is missing"):
        make(shop(Layout.SCHEMA_PER_SERVICE, other), found)


def test_a_migration_before_the_last_that_ran_is_refused() -> None:
    found = loads((CASES / "nothing_to_do" / "found.json").read_text())
    early = MigrationFile("0000.sql", "d" * 64, "", True)
    with pytest.raises(MigrationError, match=r'comes before "0001\.sql"'):
        make(shop(Layout.SCHEMA_PER_SERVICE, early, FIRST), found)
