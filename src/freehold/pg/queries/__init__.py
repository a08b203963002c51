"""SQL that reads catalogs; a number at the end of a name is the least server version the file is for."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files

from freehold.sqltext import Sql, raw


@cache
def _texts() -> dict[tuple[str, int], str]:
    found: dict[tuple[str, int], str] = {}
    for file in files(__name__).iterdir():
        match = re.fullmatch(r"([a-z_]+?)(?:_(\d{6}))?\.sql", file.name)
        if match:
            found[match[1], int(match[2] or 0)] = file.read_text(encoding="utf-8")
    return found


@cache
def query(name: str, version: int) -> Sql:
    """The text of ``name`` for a server of this version. Raises LookupError for an unknown name."""
    least = max((number for known, number in _texts() if known == name and number <= version), default=None)
    if least is None:
        raise LookupError(f"no query {name} for {version}")
    return raw(_texts()[name, least])
