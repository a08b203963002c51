"""Run the benchmarks and write bench/RESULTS.md: ``python -m bench [--quick] [--long] [NAME ...]``."""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path

import psycopg

from bench.results import document, sections
from bench.table import Measure, machine
from freehold import __version__
from freehold.family import members

RESULTS = Path(__file__).with_name("RESULTS.md")
CORE = (
    "apply_against_raw_sql",
    "help_of_the_command",
    "instances_from_nothing",
    "plan_nothing_to_do",
    "proof",
)
"""What ``core`` stands for: the measures of declaring, applying and proving."""


def main(arguments: list[str]) -> None:
    """Run what is asked for; each section is written as soon as it is there, so an interruption loses one measure."""
    family = members("bench.measures", Measure)
    asked = _parser(tuple(family)).parse_args(arguments)
    names = [name for word in asked.names for name in _meant(word, tuple(family))] or list(family)
    form = "quick" if asked.quick else "long" if asked.long else "full"
    results = asked.results or (None if asked.quick else RESULTS)
    for name in (one for one in family if one in names):
        print(f"{name} ...", file=sys.stderr, flush=True)
        section = _section(family[name], form)
        print(section, flush=True)
        if results:
            found = sections(results.read_text()) if results.exists() else {}
            results.write_text(document({**found, name: section}, family))


def _section(measure: Measure, form: str) -> str:
    libpq = psycopg.pq.version()
    drivers = f"psycopg {psycopg.__version__} with libpq {libpq // 10000}.{libpq % 100}"
    before, began = os.getloadavg(), time.monotonic()
    told = measure.long() if form == "long" and measure.long else measure.run(form == "quick")
    loads = " and ".join(" ".join(f"{one:.2f}" for one in load) for load in (before, os.getloadavg()))
    said = machine([f"freehold {__version__}", drivers])
    took = f"{time.monotonic() - began:.0f} s"
    how = f"{form.capitalize()} form, {said}; took {took}; load average before and after: {loads}."
    return f"{told.markdown()}\n{how}\n"


def _parser(family: tuple[str, ...]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bench",
        description="Measure Freehold, most of it against a named peer in the same run, and write bench/RESULTS.md.",
        epilog=f"Measures: {', '.join(family)}. `core` stands for {', '.join(CORE)}.",
    )
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help="a measure, or how its name begins; without any, all of them"
    )
    efforts = parser.add_mutually_exclusive_group()
    efforts.add_argument(
        "--quick", action="store_true", help="a small form that shows that it works; writes no results by itself"
    )
    efforts.add_argument("--long", action="store_true", help="also the sizes that take more than a few minutes")
    parser.add_argument("--results", type=Path, metavar="FILE", help="write there instead of bench/RESULTS.md")
    return parser


def _meant(word: str, family: tuple[str, ...]) -> tuple[str, ...]:
    found = CORE if word == "core" else tuple(name for name in family if name.startswith(word))
    if not found:
        raise SystemExit(f'there is no measure "{word}"; there are: {", ".join(family)}')
    return found


if __name__ == "__main__":
    main(sys.argv[1:])
