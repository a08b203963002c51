"""What README and docs say is true: generated pages are current, named files exist, shell blocks run."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from freehold.cli.documentation import pages, stale
from freehold.cli.main import SECTIONS
from support.command import Desk, desk

HERE = Path(__file__).parents[1]
README = (HERE / "README.md").read_text(encoding="utf-8")
ARCHITECTURE = (HERE / "docs" / "architecture.md").read_text(encoding="utf-8")


def test_the_generated_pages_are_current() -> None:
    # in a process of its own: what other tests have imported or changed must not show in the pages
    words = [sys.executable, "-m", "freehold.cli.documentation", "--check", str(HERE / "docs")]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_stale_page_is_noticed(tmp_path: Path) -> None:
    for name, content in pages():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(content, encoding="utf-8")
    assert stale(tmp_path) == []
    (tmp_path / "cli.md").write_text("old")
    (tmp_path / "schemas" / "gone.json").write_text("{}")
    assert stale(tmp_path) == ["cli.md", "schemas/gone.json"]


def test_every_link_of_the_pages_leads_somewhere() -> None:
    for page in (HERE / "README.md", *sorted((HERE / "docs").glob("*.md"))):
        for target in re.findall(r"\]\(([^)#]+)", page.read_text(encoding="utf-8")):
            if "://" not in target:
                assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_the_architecture_names_only_what_exists() -> None:
    named = set(re.findall(r"`([a-z_]+(?:/[a-z_]+)*(?:\.py|/[a-z_]+|))`", ARCHITECTURE))
    source = HERE / "src" / "freehold"
    for name in sorted(named):
        if "/" in name or name.endswith(".py"):
            assert (source / name).exists() or (HERE / name).exists(), name


def test_the_architecture_names_every_folder() -> None:
    source = HERE / "src" / "freehold"
    folders = {path.name for path in source.iterdir() if (path / "__init__.py").exists()} - {"testing"}
    for name in sorted(folders):
        assert f"`{name}`" in ARCHITECTURE, name


def test_the_readme_names_every_command() -> None:
    table = "".join(line for line in README.splitlines() if line.startswith("| `"))
    for section in SECTIONS.values():
        for name in section:
            assert f"`{name}`" in table, name


def test_the_readme_names_the_exit_codes() -> None:
    assert "0 done and nothing left to" in README
    assert "130 interrupted" in README


def blocks(text: str) -> list[str]:
    return re.findall(r"```sh\n(.*?)```", text, flags=re.DOTALL)


@pytest.fixture(scope="module")
def checkout() -> Iterator[tuple[Desk, Path]]:
    """A copy of what a clone holds, whose environment is the one that runs the tests."""
    with desk() as found:
        copy = found.folder / "freehold"
        listed = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=HERE,
            capture_output=True,
            text=True,
            check=False,
        )
        names = [name for name in listed.stdout.split("\0") if name]
        if not names:  # not a git checkout: take the few things the blocks use
            names = ["Makefile", "scripts/environment", "pyproject.toml"]
            names += [str(p.relative_to(HERE)) for p in (HERE / "examples").rglob("*") if p.is_file()]
        for name in names:
            if (HERE / name).is_file():
                (copy / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(HERE / name, copy / name)
        binaries = copy / ".venv" / "bin"
        binaries.mkdir(parents=True)
        for program in ("freehold", "python"):
            (binaries / program).symlink_to(Path(sys.executable).parent / program)
        (binaries / "activate").write_text(f'PATH="{Path(sys.executable).parent}:$PATH"\n')
        shutil.copy2(HERE / "pyproject.toml", copy / ".venv" / ".installed")
        yield found, copy


def shell(script: str, found: Desk, folder: Path) -> subprocess.CompletedProcess[str]:
    if shutil.which("psql") is None:
        pytest.skip("psql is not installed")
    return subprocess.run(
        ["sh", "-c", script],
        cwd=folder,
        env={**found.environment(), "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_the_readme_has_the_blocks_that_are_run_here() -> None:
    assert len(blocks(README)) == 7


def test_what_the_readme_promises_on_treum_happens(checkout: tuple[Desk, Path]) -> None:
    found, copy = checkout
    up, look, break_, _test, _own, _plan, _move = blocks(README)
    first = shell(up, found, copy)
    assert first.returncode == 0, first.stdout + first.stderr
    assert "proved" in first.stdout
    again = shell(up, found, copy)
    assert again.returncode == 0, again.stdout + again.stderr
    assert "nothing to do" in again.stdout
    seen = shell("set -e\n" + look + "\nexit $?", found, copy)
    assert seen.returncode == 0, seen.stdout + seen.stderr
    grant, red, repair, green = [line.split("#")[0].strip() for line in break_.strip().splitlines()]
    example = copy / "examples" / "treum"
    assert shell(grant, found, example).returncode == 0
    broken = shell(red, found, example)
    assert broken.returncode == 2, broken.stdout
    assert "treum_payments" in broken.stdout
    assert "treum_trading_app" in broken.stdout
    repaired = shell(repair, found, example)
    assert repaired.returncode == 0, repaired.stdout + repaired.stderr
    assert shell(green, found, example).returncode == 0
    assert shell("make down", found, copy).returncode == 0


def test_what_the_readme_promises_on_a_platform_of_your_own_happens(checkout: tuple[Desk, Path]) -> None:
    found, _ = checkout
    own, plan, move = blocks(README)[4:]
    folder = found.folder / "own"
    folder.mkdir()
    done = shell("set -e\n" + own, found, folder)
    assert done.returncode == 0, done.stdout + done.stderr
    more = (folder / "freehold.yaml").read_text() + "  shipping:\n    schemas: [shipping]\n"
    (folder / "freehold.yaml").write_text(more)
    out_file, as_script, apply = [line.split("#")[0].strip() for line in plan.strip().splitlines()]
    assert shell(out_file, found, folder).returncode == 2
    shown = shell(as_script, found, folder)
    assert shown.returncode == 2
    assert 'CREATE DATABASE "shop_shipping"' in shown.stdout
    assert shell(apply, found, folder).returncode == 0
    assert shell(apply, found, folder).returncode == 1

    moved = shell("set -e\n" + move, found, folder)
    assert moved.returncode == 0, moved.stdout + moved.stderr
    assert "layout: instance-per-service" in (folder / "freehold.yaml").read_text()
    assert shell("freehold plan", found, folder).returncode == 0
