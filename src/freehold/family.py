"""A family is a folder whose every file declares one member under its own name; dropping the file in registers it."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Hashable, Mapping
from functools import cache
from types import MappingProxyType
from typing import TypeVar, cast

Kind = TypeVar("Kind")


@cache
def _members(package: str, kind: Hashable) -> Mapping[str, object]:
    found: dict[str, object] = {}
    folder = importlib.import_module(package)
    for info in sorted(pkgutil.iter_modules(folder.__path__), key=lambda info: info.name):
        if info.name.startswith("_"):
            continue
        module = importlib.import_module(f"{package}.{info.name}")
        member = getattr(module, info.name, None)
        assert isinstance(kind, type)
        if not isinstance(member, kind):
            raise LookupError(f"{package}.{info.name} declares no {kind.__name__} named {info.name}")
        found[info.name] = member
    return MappingProxyType(found)


def members(package: str, kind: type[Kind]) -> Mapping[str, Kind]:
    """All members of the family ``package``, by name, in order of name.

    Raises LookupError for a file that does not declare a ``kind`` under its own name, so a
    misnamed file fails the first run instead of staying silently unregistered.
    """
    return cast(Mapping[str, Kind], _members(package, kind))


def page(member_module: str) -> str:
    """The documentation page of a member: its module's docstring."""
    return importlib.import_module(member_module).__doc__ or ""
