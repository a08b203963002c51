"""The example platforms that ship with Freehold, and how one is copied without overwriting anything."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import freehold
from freehold.errors import FreeholdError, LocalStateError

_SHIPPED = {".yaml", ".yml", ".sql", ".md", ".py", ".ini", ".mako"}


def home() -> Path:
    """The folder of the examples: inside the installed package, or beside the sources in a checkout."""
    package = Path(freehold.__file__).resolve().parent
    inside = package / "examples"
    return inside if inside.is_dir() else package.parents[1] / "examples"


def names() -> tuple[str, ...]:
    """The examples that can be copied."""
    return tuple(sorted(p.parent.name for p in home().glob("*/freehold.yaml")))


def files(name: str) -> Iterator[tuple[Path, Path]]:
    """Each file of an example, and its path within it; nothing that a run left there (``.freehold``)."""
    base = home() / name
    for path in sorted(base.rglob("*")):
        inner = path.relative_to(base)
        if path.is_file() and path.suffix in _SHIPPED and not any(part.startswith(".") for part in inner.parts):
            yield path, inner


def copy(name: str, target: Path, platform: str | None) -> tuple[Path, ...]:
    """Copy an example and return the paths written. Raises FreeholdError when any of them exists already."""
    if name not in names():
        raise FreeholdError(f'there is no example "{name}"', hint=f"There are: {', '.join(names())}.")
    found = [(source, target / inner) for source, inner in files(name)]
    if taken := next((path for _, path in found if path.exists() or path.is_symlink()), None):
        raise FreeholdError(f'"{taken}" exists already', hint="Nothing was written; choose another folder with --into.")
    try:
        for source, path in found:
            text = source.read_text(encoding="utf-8")
            if platform and path.name == "freehold.yaml":
                text = re.sub(r"(?m)^platform: .*$", lambda _: f"platform: {platform}", text, count=1)
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("x", encoding="utf-8") as file:
                file.write(text)
    except OSError as error:
        raise LocalStateError(
            f'cannot write "{error.filename or target}": {(error.strerror or str(error)).lower()}',
            hint="Choose a folder that this account may write to, with --into.",
        ) from None
    return tuple(path for _, path in found)
