"""The benchmarks' command: it explains itself, runs what is chosen, and keeps the results of the rest."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

TOP = Path(__file__).parents[1]
RESULTS = TOP / "bench" / "RESULTS.md"


def bench(*words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "bench", *map(str, words)],
        cwd=TOP,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_help_explains_itself_and_runs_nothing() -> None:
    before = RESULTS.read_bytes()
    said = bench("--help")
    assert said.returncode == 0
    assert said.stdout.startswith("usage: python -m bench")
    for measure in (TOP / "bench" / "measures").glob("[!_]*.py"):
        assert measure.stem in "".join(said.stdout.split())
    assert said.stderr == ""
    assert RESULTS.read_bytes() == before


def test_an_unknown_measure_runs_nothing() -> None:
    said = bench("--quick", "help", "no-such-measure")
    assert said.returncode == 1
    assert "no-such-measure" in said.stderr
    assert said.stdout == ""


def test_a_chosen_measure_replaces_its_own_results_only(tmp_path: Path) -> None:
    file = tmp_path / "RESULTS.md"
    kept = "<!-- measure: proof -->\n## The proof\n\nas it was, to the letter | 1 |\n"
    file.write_text(f"# Old head\n\n<!-- measure: help_of_the_command -->\nold figures\n\n{kept}")
    before = RESULTS.read_bytes()
    said = bench("--quick", "--results", file, "help")
    assert said.returncode == 0, said.stderr
    text = file.read_text()
    assert text.endswith(kept)
    assert "old figures" not in text
    assert "| freehold --help |" in text
    assert "load average before and after: " in text
    assert "Quick form, " in text
    assert text.index("measure: help_of_the_command") < text.index("measure: proof")
    assert RESULTS.read_bytes() == before


def test_the_published_results_are_of_measures_that_exist() -> None:
    names = [line.split()[2] for line in RESULTS.read_text().splitlines() if line.startswith("<!-- measure: ")]
    assert names
    assert all((TOP / "bench" / "measures" / f"{name}.py").exists() for name in names)
