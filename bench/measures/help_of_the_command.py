"""What ``freehold --help`` costs: processor time of the whole process, against an empty Python."""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
from pathlib import Path

from bench.table import Measure, Table, ratio, seconds


def _cpu(command: list[str], runs: int) -> float:
    spent = []
    for _ in range(runs + 1):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env={**os.environ, "COLUMNS": "80"})
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        spent.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return statistics.median(spent[1:])


def run(quick: bool) -> Table:
    """Medians over runs, one not counted."""
    runs = 3 if quick else 15
    empty = _cpu([sys.executable, "-c", "pass"], runs)
    click = _cpu([sys.executable, "-c", "import click"], runs)
    ours = _cpu([str(Path(sys.executable).with_name("freehold")), "--help"], runs)
    return Table(
        title="freehold --help",
        how=f"User and system time of the process, median of {runs}.",
        columns=("command", "CPU", "to an empty Python"),
        rows=(
            ("python -c pass", seconds(empty), ratio(empty, empty)),
            ("python -c 'import click'", seconds(click), ratio(click, empty)),
            ("freehold --help", seconds(ours), ratio(ours, empty)),
        ),
    )


help_of_the_command = Measure(run)
