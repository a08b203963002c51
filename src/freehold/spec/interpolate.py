"""``${NAME}``, ``${NAME:-default}`` and ``env:NAME`` in a scalar, from an environment that is given."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

_PLACE = re.compile(r"\$\$|\$\{(?:([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}|([^}]*)\}?)")
_WHOLE = re.compile(r"env:([A-Za-z_][A-Za-z0-9_]*)")


@dataclass(frozen=True, slots=True)
class Filled:
    """A scalar after its variables were filled in; ``missing`` and ``malformed`` say what could not be."""

    text: str
    from_environment: bool = False
    missing: tuple[str, ...] = ()
    malformed: tuple[str, ...] = ()


def fill(text: str, environment: Mapping[str, str]) -> Filled:
    """``text`` with its variables; a lone ``$`` stays, ``$$`` is ``$``. An empty variable counts as missing only
    where a default stands, as in a shell."""
    whole = _WHOLE.fullmatch(text)
    if whole is not None:
        value = environment.get(whole[1])
        return Filled("", missing=(whole[1],)) if value is None else Filled(value, from_environment=True)
    if "$" not in text:
        return Filled(text)
    missing: list[str] = []
    malformed: list[str] = []
    used = False

    def place(match: re.Match[str]) -> str:
        nonlocal used
        if match[0] == "$$":
            return "$"
        name, default = match[1], match[2]
        if name is None:
            malformed.append(match[0])
            return ""
        value = environment.get(name)
        if default is not None and not value:
            return str(default)
        if value is None:
            missing.append(name)
            return ""
        used = True
        return value

    filled = _PLACE.sub(place, text)
    return Filled(filled, used, tuple(missing), tuple(malformed))
