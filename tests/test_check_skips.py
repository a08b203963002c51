"""The check of skipped tests turns red for what it must not let pass."""

from __future__ import annotations

from check_skips import allowed, problems

LIST = "# comment\n[15] PostgreSQL 15 is not installed\nroot may write everywhere\n"
GOOD = "SKIPPED [2] tests/a.py:3: root may write everywhere\n=== 10 passed, 2 skipped in 3.00s ===\n"


def test_a_listed_reason_passes() -> None:
    assert problems(GOOD, allowed(LIST, "")) == []


def test_a_reason_that_is_not_listed_is_named() -> None:
    output = GOOD.replace("root may write everywhere", "too slow")

    assert "too slow" in problems(output, allowed(LIST, ""))[0]


def test_a_skip_that_names_no_reason_is_noticed_by_its_count() -> None:
    output = "=== 10 passed, 3 skipped in 3.00s ===\n"

    assert problems(output, allowed(LIST, "")) != []


def test_a_run_that_did_not_end_does_not_pass() -> None:
    assert problems("....", allowed(LIST, "")) != []


def test_what_ci_requires_may_not_be_skipped_there() -> None:
    output = "SKIPPED [1] tests/a.py:3: PostgreSQL 15 is not installed\n=== 10 passed, 1 skipped in 3.00s ===\n"

    assert problems(output, allowed(LIST, "")) == []
    assert problems(output, allowed(LIST, "15")) != []
