"""Sizes and durations as people and PostgreSQL write them, as integers of one unit, and back."""

from __future__ import annotations

import re

_BYTES = {"B": 1, "kB": 1024, "MB": 1024**2, "GB": 1024**3, "TB": 1024**4}
_MS = {"us": 0.001, "ms": 1, "s": 1000, "min": 60_000, "h": 3_600_000, "d": 86_400_000}


def parse_bytes(text: str) -> int:
    """Bytes of ``"16MB"`` (PostgreSQL's units: B kB MB GB TB). Raises ValueError with what is accepted."""
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*(B|kB|MB|GB|TB)\s*", text)
    if not match:
        raise ValueError(f"{text!r} is not a size: write a number and one of B, kB, MB, GB, TB")
    return int(float(match[1]) * _BYTES[match[2]])


def parse_ms(text: str) -> int:
    """Milliseconds of ``"30s"`` (PostgreSQL's units: us ms s min h d). Raises ValueError with what is accepted."""
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*(us|ms|s|min|h|d)\s*", text)
    if not match:
        raise ValueError(f"{text!r} is not a duration: write a number and one of us, ms, s, min, h, d")
    return int(float(match[1]) * _MS[match[2]])


def show_bytes(count: int) -> str:
    """The largest unit of PostgreSQL that divides ``count`` exactly: ``134217728`` is ``"128MB"``."""
    for unit in ("TB", "GB", "MB", "kB"):
        if count and count % _BYTES[unit] == 0:
            return f"{count // _BYTES[unit]}{unit}"
    return f"{count}B"


def show_ms(count: int) -> str:
    """The largest unit of PostgreSQL that divides ``count`` exactly: ``60000`` is ``"1min"``."""
    for unit in ("d", "h", "min", "s"):
        if count and count % int(_MS[unit]) == 0:
            return f"{count // int(_MS[unit])}{unit}"
    return f"{count}ms"


def about_bytes(count: int) -> str:
    """A size for a person, in the largest unit of PostgreSQL that leaves a number of at least 1: ``"1.2GB"``."""
    for unit in ("TB", "GB", "MB", "kB"):
        if count >= _BYTES[unit]:
            return f"{count / _BYTES[unit]:.3g}{unit}"
    return f"{count}B"
