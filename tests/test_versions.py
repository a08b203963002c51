"""Which versions of PostgreSQL the tests run on, and how others are added."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.clusters import DEBIAN_15, folders


def programs(folder: Path) -> Path:
    folder.mkdir()
    (folder / "postgres").touch()
    return folder


def test_folders_are_added_by_version_and_replace_the_distributions(tmp_path: Path) -> None:
    sixteen, fifteen = programs(tmp_path / "a=b"), programs(tmp_path / "15")

    assert folders({}) == ({15: DEBIAN_15} if (DEBIAN_15 / "postgres").exists() else {})
    found = folders({"FREEHOLD_TEST_BINARIES": f"16={sixteen}, 15={fifteen}"})
    assert found == {15: fifteen, 16: sixteen}


@pytest.mark.parametrize("wrong", ["16", "16=", "sixteen=/x", "16=/nowhere/bin"])
def test_what_names_no_programs_is_refused(wrong: str) -> None:
    with pytest.raises(AssertionError):
        folders({"FREEHOLD_TEST_BINARIES": wrong})
