"""bench/RESULTS.md as sections, one for each measure: those that are not run again stay as they are."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

HEAD = """# Benchmark results

Written by `make bench`, or by `python -m bench NAME ...` for some of the measures; the others stay as they were. Each
section says on what machine and under what load it was taken. Ratios were taken in one run; absolute times are of that
machine, and what ran beside shows in them.
"""

_MARK = re.compile(r"^<!-- measure: (?P<name>\w+) -->$", re.M)


def sections(text: str) -> dict[str, str]:
    """The text of each measure, by name."""
    marks = list(_MARK.finditer(text))
    ends = [mark.start() for mark in marks[1:]] + [len(text)]
    return {mark["name"]: text[mark.end() : end].strip() for mark, end in zip(marks, ends, strict=True)}


def document(found: Mapping[str, str], order: Iterable[str]) -> str:
    """The whole file: the sections in ``order``, and those of measures that are no more left out."""
    parts = [f"<!-- measure: {name} -->\n{found[name]}\n" for name in order if name in found]
    return "\n".join((HEAD, *parts))
