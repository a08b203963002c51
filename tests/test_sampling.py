"""The short run leaves out only what it tries on 18, and the same in every run."""

from __future__ import annotations

from support.sampling import put_off

PAIRS = [f"tests/a.py::test_it[pg{version}-{number}]" for number in range(100, 200) for version in (15, 18)]


def test_two_in_three_of_what_is_the_same_on_both_versions_are_put_off() -> None:
    later = [name for name in PAIRS if put_off(name, PAIRS)]
    assert 52 < len(later) < 80
    assert all("pg15" in name for name in later)


def test_what_is_tried_nowhere_else_is_never_put_off() -> None:
    alone = [name for name in PAIRS if "pg15" in name]
    for name in (*alone, "tests/a.py::test_at_15", "tests/a.py::test_it[15to18]", "tests/a.py::test_it[pg18-15]"):
        assert not put_off(name, [*alone, name, "tests/a.py::test_it[pg18-18]"])
