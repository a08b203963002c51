"""Golden cases: a declaration and what is found give exactly this plan. ``pytest --update`` rewrites plan.txt.

A case is a folder: ``spec.yml`` is the declaration, ``found.json`` the snapshot, ``plan.txt`` the script.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from freehold.errors import MigrationError
from freehold.found.model import Found
from freehold.plan import show
from freehold.plan.make import make
from freehold.plan.model import Design, MigrationFile
from support.found_json import dumps, loads

from .declared import CASES, declared

NAMES = sorted(folder.name for folder in CASES.iterdir())


def found_in(name: str) -> Found:
    return loads((CASES / name / "found.json").read_text())


@pytest.mark.parametrize("name", NAMES)
def test_a_case_gives_its_plan(name: str, request: pytest.FixtureRequest) -> None:
    found = found_in(name)
    assert loads(dumps(found)) == found
    text = show.script(make(declared(name), found))
    expected = CASES / name / "plan.txt"
    if request.config.getoption("--update"):
        expected.write_text(text)
    assert text == expected.read_text()
    assert text == show.script(make(declared(name), loads(dumps(found))))


def test_there_are_cases_and_each_is_whole() -> None:
    assert len(NAMES) >= 15
    for name in NAMES:
        assert {"found.json", "plan.txt", "spec.yml"} == {file.name for file in (CASES / name).iterdir()}, name


def test_a_changed_word_of_the_declaration_changes_the_plan(tmp_path: Path) -> None:
    shutil.copytree(CASES.parent / "migrations", tmp_path / "migrations")
    folder = tmp_path / "cases" / "changed"
    folder.mkdir(parents=True)
    text = (CASES / "nothing_to_do" / "spec.yml").read_text()
    (folder / "spec.yml").write_text(text.replace("profile: ledger", "profile: ledger\n    limits: {connections: 7}"))
    found = found_in("nothing_to_do")

    assert make(declared("nothing_to_do"), found).steps == ()
    said = [step.say() for step in make(declared("changed", folder.parent), found).steps]
    assert any("shop_ledger_app" in line and "7" in line for line in said), said


def ledger(change: Callable[[MigrationFile], tuple[MigrationFile, ...]]) -> Design:
    """The design of a platform that is as declared, with other migration files."""
    design = declared("nothing_to_do")
    (first,) = design.migrations["ledger"]
    return replace(design, migrations={"ledger": change(first)})


def test_an_edited_migration_is_refused_with_both_checksums() -> None:
    (first,) = declared("nothing_to_do").migrations["ledger"]
    with pytest.raises(MigrationError, match="edited after it ran") as refused:
        make(ledger(lambda file: (replace(file, sha256="c" * 64),)), found_in("nothing_to_do"))
    assert first.sha256 in refused.value.message
    assert "c" * 64 in refused.value.message


def test_a_migration_that_ran_and_is_missing_is_refused() -> None:
    other = MigrationFile("0002.sql", "d" * 64, "", True)
    with pytest.raises(MigrationError, match="its file is missing"):
        make(ledger(lambda _: (other,)), found_in("nothing_to_do"))


def test_a_migration_before_the_last_that_ran_is_refused() -> None:
    early = MigrationFile("0000.sql", "d" * 64, "", True)
    with pytest.raises(MigrationError, match=r'comes before "0001\.sql"'):
        make(ledger(lambda file: (early, file)), found_in("nothing_to_do"))
