"""The wheel holds what a user needs, and nothing that a run left in the sources."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

HERE = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """A wheel built from a copy of the sources in which an example has been run."""
    copy = tmp_path_factory.mktemp("sources")
    for name in ("src", "examples", "pyproject.toml", "README.md", "LICENSE"):
        source = HERE / name
        if source.is_dir():
            shutil.copytree(
                source, copy / name, ignore=shutil.ignore_patterns(".freehold", "__pycache__", ".mypy_cache")
            )
        else:
            shutil.copy2(source, copy / name)
    left = copy / "examples" / "treum" / ".freehold"
    left.mkdir()
    (left / "secrets.json").write_text("{}")
    done = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(copy / "out")],
        cwd=copy,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return zipfile.ZipFile(next((copy / "out").glob("*.whl")))


def test_the_wheel_holds_the_examples(wheel: zipfile.ZipFile) -> None:
    names = set(wheel.namelist())
    for path in sorted((HERE / "examples").rglob("*")):
        inner = path.relative_to(HERE)
        if path.is_file() and not any(part.startswith(".") for part in inner.parts):
            assert f"freehold/{inner}" in names


def test_the_wheel_holds_no_secret_of_a_run(wheel: zipfile.ZipFile) -> None:
    assert [name for name in wheel.namelist() if ".freehold" in name or "secrets.json" in name] == []


def test_the_wheel_holds_every_file_of_the_package(wheel: zipfile.ZipFile) -> None:
    names = set(wheel.namelist())
    for path in (HERE / "src" / "freehold").rglob("*"):
        if path.is_file() and "cache" not in str(path):
            assert str(path.relative_to(HERE / "src")) in names
