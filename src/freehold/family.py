"""A family is a folder whose every file declares one member under its own name; dropping the file in registers it."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType, ModuleType
from typing import TypeVar

Kind = TypeVar("Kind")


@cache
def _modules(package: str) -> Mapping[str, ModuleType]:
    folder = importlib.import_module(package)
    names = sorted(info.name for info in pkgutil.iter_modules(folder.__path__) if not info.name.startswith("_"))
    return MappingProxyType({name: importlib.import_module(f"{package}.{name}") for name in names})


def members(package: str, kind: type[Kind]) -> Mapping[str, Kind]:
    """All members of the family ``package``, by name, in order of name.

    Raises LookupError for a file that does not declare a ``kind`` under its own name, so a
    misnamed file fails the first run instead of staying silently unregistered.
    """
    found: dict[str, Kind] = {}
    for name, module in _modules(package).items():
        member = getattr(module, name, None)
        if not isinstance(member, kind):
            raise LookupError(f"{package}.{name} declares no {kind.__name__} named {name}")
        found[name] = member
    return MappingProxyType(found)


def page(package: str, name: str) -> str:
    """The documentation page of a member: the docstring of its module."""
    return _modules(package)[name].__doc__ or ""
