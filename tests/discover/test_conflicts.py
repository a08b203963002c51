"""The examples of every conflict: the bad one is found, the good one stays silent; all of it shown without secrets."""

from __future__ import annotations

import pytest

from freehold import family
from freehold.discover.conflicts._kind import Conflict
from support.repository import discovered, example

PACKAGE = "freehold.discover.conflicts"
NAMES = list(family.members(PACKAGE, Conflict))


def codes(page: str, title: str) -> set[str]:
    files = example(page, title)
    assert files, f"the page has no {title} example with files"
    return {finding.code for finding in discovered(files).findings}


@pytest.mark.parametrize("name", NAMES)
def test_the_bad_example_is_found(name: str) -> None:
    assert name in codes(family.page(PACKAGE, name), "Bad")


@pytest.mark.parametrize("name", NAMES)
def test_the_good_example_is_silent(name: str) -> None:
    assert name not in codes(family.page(PACKAGE, name), "Good")


@pytest.mark.parametrize("name", NAMES)
def test_a_finding_says_where_and_what(name: str) -> None:
    found = [f for f in discovered(example(family.page(PACKAGE, name), "Bad")).findings if f.code == name]
    for finding in found:
        assert finding.title
        assert finding.detail
        assert finding.evidence
        assert all(evidence.file and evidence.line > 0 for evidence in finding.evidence)


@pytest.mark.parametrize("name", NAMES)
def test_a_page_says_why(name: str) -> None:
    assert "\nWhy: " in family.page(PACKAGE, name)
