"""JSON values from a server, taken apart without trusting their form."""

from __future__ import annotations

from typing import TypeAlias

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"


def rows(value: Json) -> list[list[Json]]:
    """A list of lists."""
    return [values(row) for row in values(value)]


def values(value: Json) -> list[Json]:
    """A list; empty for anything else."""
    return value if isinstance(value, list) else []


def mapping(value: Json) -> dict[str, Json]:
    """A mapping; empty for anything else."""
    return value if isinstance(value, dict) else {}


def strings(value: Json) -> tuple[str, ...]:
    """A list of texts."""
    return tuple(str(item) for item in values(value))


def optional(value: Json) -> str | None:
    """A text, or nothing."""
    return None if value is None else str(value)
