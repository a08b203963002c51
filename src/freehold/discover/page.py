"""A discovery as one HTML page that needs nothing else: no script, no font, no picture from outside."""

from __future__ import annotations

from collections import Counter

from jinja2 import Environment, PackageLoader, StrictUndefined

from freehold.discover.drawing import LEFT, RIGHT, WIDTH, drawing
from freehold.discover.model import Discovery

_NAME_CHARS_MAX = 40


def page(discovery: Discovery) -> str:
    """The page; whatever a name holds, it stays text."""
    environment = Environment(loader=PackageLoader("freehold.discover"), autoescape=True, undefined=StrictUndefined)
    environment.filters["shorten"] = _short
    counts = Counter(finding.level.value for finding in discovery.findings)
    text = environment.get_template("discover.html").render(
        d=discovery,
        map=drawing(discovery),
        counts={level: counts.get(level, 0) for level in ("error", "warning", "info")},
        width=WIDTH,
        left=LEFT,
        right=RIGHT,
    )
    return text.replace("\\\n", "")


def _short(name: str) -> str:
    name = "".join(character if character.isprintable() else "·" for character in name)
    return name if len(name) <= _NAME_CHARS_MAX else f"{name[: _NAME_CHARS_MAX - 1]}…"
