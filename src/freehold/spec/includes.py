"""Which files an ``include:`` names, relative to the file that says it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase

FILES_MAX = 5000


def folder_of(file: str) -> str:
    """The folder part of ``file``; empty for the current one."""
    head, slash, _ = file.rpartition("/")
    return head or slash


def stem_of(file: str) -> str:
    """``services/users.yaml`` is ``users``."""
    name = file.rpartition("/")[2]
    return name.rpartition(".")[0] or name


def joined(base: str, relative: str) -> str:
    """``relative`` seen from the folder ``base``, with ``.`` and ``..`` resolved where that needs no file system."""
    full = relative if relative.startswith("/") or not base else f"{base.rstrip('/')}/{relative}"
    parts: list[str] = []
    for part in full.split("/"):
        if part == ".." and parts and parts[-1] not in ("..", ""):
            parts.pop()
        elif part not in (".", "") or (not parts and full.startswith("/")):
            parts.append(part)
    return "/".join(parts)


def matching(file: str, pattern: str, list_folder: Callable[[str], Sequence[str]]) -> tuple[str, ...]:
    """The files that ``pattern`` names, sorted. Wildcards stand in the last part only; hidden files never match.

    Raises OSError from ``list_folder`` and ValueError for a pattern that cannot be followed.
    """
    full = joined(folder_of(file), pattern)
    if not any(mark in pattern for mark in "*?["):
        return (full,)
    folder, _, last = full.rpartition("/")
    if any(mark in folder for mark in "*?["):
        raise ValueError("a wildcard stands before the last /")
    names = sorted({name.rpartition("/")[2] for name in list_folder(folder or ("/" if full.startswith("/") else "."))})
    return tuple(joined(folder, name) for name in names if not name.startswith(".") and fnmatchcase(name, last))
