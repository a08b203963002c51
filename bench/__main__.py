"""Run the benchmarks and write bench/RESULTS.md: ``python -m bench [--quick] [NAME ...]``."""

from __future__ import annotations

import sys
from pathlib import Path

import psycopg

from bench.table import Measure, machine
from freehold import __version__
from freehold.family import members


def main(arguments: list[str]) -> None:
    """With names, only those, and nothing is written."""
    quick = "--quick" in arguments
    names = [argument for argument in arguments if not argument.startswith("-")]
    libpq = psycopg.pq.version()
    drivers = f"psycopg {psycopg.__version__} with libpq {libpq // 10000}.{libpq % 100}"
    head = machine([f"freehold {__version__}", drivers])
    parts = [
        "# Benchmark results\n\nWritten by `make bench`. Ratios were taken in one run on one machine; absolute times "
        "are of that machine.\n\n" + head + "\n"
    ]
    for name, measure in members("bench.measures", Measure).items():
        if names and name not in names:
            continue
        print(f"{name} ...", file=sys.stderr, flush=True)
        parts.append(measure.run(quick).markdown())
        print(parts[-1], flush=True)
    if not names and not quick:
        Path(__file__).with_name("RESULTS.md").write_text("\n".join(parts))


if __name__ == "__main__":
    main(sys.argv[1:])
