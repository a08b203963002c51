"""Tables on terminals of every width: nothing is lost, nothing is squeezed until it cannot be read."""

from __future__ import annotations

import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from freehold.cli import terminal
from freehold.cli.fitting import Record, fitted
from freehold.cli.out import Cell, Table, Tone

SERVICES = Table(
    ("service", "drift", "pool", "database", "schemas"),
    [
        ("content-intelligence", Cell("✓ none", Tone.GOOD), "20", "treum_content_intelligence", "content, generation"),
        ("users", Cell("! 2", Tone.WARN), "100", "treum_users", "users, audit"),
    ],
    numbers=frozenset({2}),
)
MATRIX = Table(
    ("attacker \\ target", *map(str, range(1, 31))),
    [(f"service-{number}", *("✓" for _ in range(30))) for number in range(1, 31)],
    title="isolation",
    tight=True,
)


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


def written(table: Table, width: int, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setenv("TERM", "xterm")
    screen = Screen()
    terminal.write([table], screen)
    return re.sub(r"\x1b\[[0-9;]*m", "", screen.getvalue())


def test_a_wide_terminal_gets_the_table(monkeypatch: pytest.MonkeyPatch) -> None:
    assert list(fitted(SERVICES, 120)) == [SERVICES]
    said = written(SERVICES, 120, monkeypatch).splitlines()
    assert len(said) == 5
    assert said[2].split() == [
        *("content-intelligence", "✓", "none", "20", "treum_content_intelligence", "content,", "generation"),
    ]


def test_a_narrow_one_gets_each_row_on_its_own_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    assert written(SERVICES, 40, monkeypatch).splitlines() == [
        "content-intelligence",
        "    drift ✓ none  pool 20",
        "    database treum_content_intelligence",
        "    schemas content, generation",
        "users",
        "    drift ! 2  pool 100",
        "    database treum_users",
        "    schemas users, audit",
        "",
    ]


def test_what_is_wider_than_a_line_breaks_at_blanks_only(monkeypatch: pytest.MonkeyPatch) -> None:
    path = "/a/folder/with/a/name/that/is/longer/than/the/terminal"
    table = Table(
        ("instance", "", "data"), [("main", "● runs", path), ("other", "○ it is away" + " it is away" * 3, "x")]
    )
    assert written(table, 40, monkeypatch).splitlines() == [
        "main",
        "    ● runs",
        f"    data {path}",
        "other",
        "    ○ it is away it is away it is away",
        "      it is away",
        "    data x",
        "",
    ]


def test_a_matrix_comes_in_bands_that_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    said = written(MATRIX, 40, monkeypatch)
    assert max(map(cell_len, said.splitlines())) <= 40
    assert said.count("isolation") == 1
    assert said.count("✓") == 30 * 30
    assert [int(word) for line in said.splitlines() if "target" in line for word in line.split()[3:]] == [*range(1, 31)]


words = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=12)
cells = st.lists(words, max_size=6).map(" ".join)


@given(st.data(), st.integers(1, 6), st.integers(20, 130))
def test_nothing_is_lost_at_any_width(data: st.DataObject, count: int, width: int) -> None:
    columns = tuple(data.draw(st.lists(words, min_size=count, max_size=count)))
    rows = data.draw(st.lists(st.tuples(*[cells] * count), min_size=1, max_size=4))
    with pytest.MonkeyPatch.context() as patched:
        said = written(Table(columns, rows), width, patched)
    if any(isinstance(part, Record) for part in fitted(Table(columns, rows), width)):
        for row in rows:
            for cell in row:
                assert all(word in said for word in cell.split())
        unbroken = max((cell_len(word) for row in rows for cell in row for word in cell.split()), default=0)
        head = max(cell_len(row[0]) for row in rows)
        limit = max(width, head, unbroken + max(map(cell_len, columns)) + 8)
        assert max(map(cell_len, said.splitlines())) <= limit
    else:
        assert max(map(cell_len, said.splitlines())) <= width
