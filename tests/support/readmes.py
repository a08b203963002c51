"""READMEs of the examples: their commands run, the tests that they name exist, their tables are what is so."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from support.command import Desk

TESTS = Path(__file__).parents[1]
EXAMPLES = TESTS.parent / "examples"


def run_commands(desk: Desk) -> None:
    """Run every shell block of the README in the folder of a desk, with the program that is being tested."""
    programs = str(Path(sys.executable).parent)
    blocks = re.findall(r"```sh\n(.*?)```", (desk.folder / "README.md").read_text(encoding="utf-8"), flags=re.DOTALL)
    assert blocks
    for block in blocks:
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", block],
            cwd=desk.folder,
            env=desk.environment({"PATH": f"{programs}:{os.environ['PATH']}"}),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr


def limits(example: str) -> Mapping[str, tuple[int, set[str]]]:
    """The README's table of layouts: databases, and what the layout cannot prevent."""
    text = (EXAMPLES / example / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"(?m)^\| ([a-z-]+) \| (\d+) \| ([a-z_, ]+) \|$", text)
    return {layout: (int(databases), set(codes.split(", "))) for layout, databases, codes in rows}


def missing_tests(example: str, text: str | None = None) -> set[str]:
    """Tests that the README, or a text in its place, names and that no file of tests for examples has."""
    if text is None:
        text = (EXAMPLES / example / "README.md").read_text(encoding="utf-8")
    named = set(re.findall(r"\btest_[a-z_0-9]+\b(?!\.py)", text))
    assert named
    there = {
        node.name
        for path in (TESTS / "examples").glob(f"test_{example.replace('-', '_')}_*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef)
    }
    return named - there


def unshown(text: str) -> list[str]:
    """Claims of a README's table, of three columns, that name no test and are not said to be unmeasured."""
    rows = [[cell.strip() for cell in line[1:-1].split("|")] for line in text.splitlines() if line.startswith("| ")]
    assert len(rows) > 1
    assert {len(row) for row in rows} == {3}
    # the first row is the head
    return [
        claim
        for claim, seen, test in rows[1:]
        if not re.fullmatch(r"test_\w+(, test_\w+)*", test) and (test or "not measured" not in seen.lower())
    ]
