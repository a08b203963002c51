"""Each claim in the READMEs of the trading system and of the database service names a test, or is not measured."""

from __future__ import annotations

import pytest

from support.readmes import EXAMPLES, missing_tests, unshown

NAMED = {
    "trading-system": "test_an_order_moves_only_forward",
    "tenants": "test_the_same_context_stands_in_every_service",
}


@pytest.mark.parametrize("example", sorted(NAMED))
def test_every_claim_names_a_test_that_exists(example: str) -> None:
    text = (EXAMPLES / example / "README.md").read_text(encoding="utf-8")
    assert missing_tests(example) == set()
    assert unshown(text) == []
    # the negative controls: a test that is not there, a claim without one, and one that is no longer owned up to
    named = NAMED[example]
    assert named in text
    assert missing_tests(example, text.replace(named, "test_nothing")) == {"test_nothing"}
    assert len(unshown(text.replace(f"| {named} |", "| |"))) == 1
    assert unshown(text.replace("an opinion; not measured", "so it is")) != []
