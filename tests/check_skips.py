"""Fails when a test was skipped whose reason is not on the list: check_skips.py PYTEST_OUTPUT LIST."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

_SKIPPED = re.compile(r"^SKIPPED \[(?P<count>\d+)\] (?P<place>[^:]+:\d+|[^:]+): (?P<reason>.*)$")
_CLOSING = re.compile(r"\b(?P<count>\d+) skipped\b")


def allowed(text: str, required: str) -> list[str]:
    """The reasons on the list. A line ``[15] reason`` is not allowed where 15 is required."""
    reasons = []
    for line in text.splitlines():
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        match = re.fullmatch(r"\[(\w+)\]\s+(.*)", line)
        if match and match[1] in required.split(","):
            continue
        reasons.append(match[2] if match else line)
    return reasons


def problems(output: str, reasons: list[str]) -> list[str]:
    """What is wrong with the skips of a run, as sentences."""
    found = []
    named = 0
    for line in output.splitlines():
        match = _SKIPPED.match(line)
        if not match:
            continue
        named += int(match["count"])
        if not any(match["reason"].startswith(reason) for reason in reasons):
            found.append(f"{match['place']}: skipped, and the reason is not on the list: {match['reason']}")
    closing = [line for line in output.splitlines() if re.search(r"\b\d+ passed\b.* in ", line)]
    if not closing:
        found.append("the output has no closing line of pytest with passed tests")
    else:
        total = _CLOSING.search(closing[-1])
        if (int(total["count"]) if total else 0) != named:
            found.append(f"pytest counts other skips than the {named} it names: {closing[-1].strip()}")
    return found


def main(arguments: list[str]) -> int:
    """Check the files named on the command line."""
    output, listed = (Path(argument).read_text(encoding="utf-8") for argument in arguments)
    found = problems(output, allowed(listed, os.environ.get("FREEHOLD_CI_REQUIRES", "")))
    for problem in found:
        print(problem, file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
