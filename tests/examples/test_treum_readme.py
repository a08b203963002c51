"""Each claim in TREUM's README names a test that exists."""

from __future__ import annotations

import re
from pathlib import Path

HERE = Path(__file__).parent
README = HERE.parents[1] / "examples" / "treum" / "README.md"


def missing(text: str) -> list[str]:
    named = re.findall(r"\| (test_\w+)::(test_\w+) \|$", text, re.MULTILINE)
    assert len(named) == len(re.findall(r"^\| (?!claim|---)", text, re.MULTILINE))
    return [f"{file}::{test}" for file, test in named if f"def {test}(" not in (HERE / f"{file}.py").read_text()]


def test_every_claim_names_a_test_that_exists() -> None:
    text = README.read_text()
    assert missing(text) == []
    assert missing(text.replace("::test_courses_are_found", "::test_nothing")) == ["test_treum_people::test_nothing"]
