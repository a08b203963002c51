"""Figures of one benchmark as a Markdown table, and what the machine was doing meanwhile."""

from __future__ import annotations

import math
import os
import platform
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter


@dataclass(frozen=True)
class Table:
    """One benchmark: what was measured, how, the rows, and what to read from them."""

    title: str
    how: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    reading: str = ""

    def markdown(self) -> str:
        """The table with its heading."""
        lines = [f"## {self.title}", "", self.how, "", "| " + " | ".join(self.columns) + " |"]
        lines.append("|" + "---|" * len(self.columns))
        lines += ["| " + " | ".join(row) + " |" for row in self.rows]
        if self.reading:
            lines += ["", self.reading]
        return "\n".join(lines) + "\n"


@dataclass(frozen=True)
class Measure:
    """A member of the family ``bench/measures``; ``quick`` is a small form that shows that it works, ``long`` one with
    sizes that take more than a few minutes."""

    run: Callable[[bool], Table]
    long: Callable[[], Table] | None = None


def timed(work: Callable[[], object]) -> float:
    """Wall seconds of one run."""
    began = perf_counter()
    work()
    return perf_counter() - began


def median(work: Callable[[], object], runs: int = 5) -> float:
    """Median wall seconds of several runs after one that is not counted."""
    work()
    return statistics.median(timed(work) for _ in range(runs))


def seconds(value: float) -> str:
    """Seconds with three significant digits."""
    return f"{value:.3g} s" if value >= 0.1 else f"{value * 1000:.3g} ms"


def growth(sizes: Sequence[int], values: Sequence[float]) -> str:
    """How a figure grows from the smallest to the largest size, as a power of the size."""
    if len(sizes) < 2:
        return ""
    power = math.log(values[-1] / values[0]) / math.log(sizes[-1] / sizes[0])
    return f"from {sizes[0]} to {sizes[-1]} services as the {power:.2f}th power of their number"


def ratio(value: float, base: float) -> str:
    """How many times ``base``."""
    return f"{value / base:.2f}x"


def machine(versions: Sequence[str]) -> str:
    """The machine, and the versions of what is measured."""
    model = next(
        (line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line),
        platform.machine(),
    )
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1024**3
    return f"{os.cpu_count()} x {model}, {memory:.0f} GiB, Python {platform.python_version()}, {', '.join(versions)}"
