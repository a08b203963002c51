"""The declaration as it lies on this machine: finds ``freehold.yaml``, reads it and what it includes."""

from __future__ import annotations

import errno
import os
import re
from pathlib import Path

from freehold.errors import LocalStateError
from freehold.local.folder import explained
from freehold.spec.model import Platform
from freehold.spec.read import read

NAME = "freehold.yaml"
LARGEST_BYTES = 4 * 1024**2
"""Five hundred services take less than one megabyte; a larger file is another kind of file."""


def find(path: str | Path | None = None, start: Path | None = None) -> Path:
    """The declaration: ``path``, or the nearest ``freehold.yaml`` from ``start`` (the current folder) upward.

    A folder means the ``freehold.yaml`` in it. Raises LocalStateError.
    """
    if path is not None:
        given = Path(path)
        return given / NAME if given.is_dir() else given
    here = (start or Path.cwd()).resolve()
    for folder in (here, *here.parents):
        if (folder / NAME).is_file():
            return folder / NAME
        if folder == here and (near := next((folder / name for name in _NEAR if (folder / name).is_file()), None)):
            raise LocalStateError(
                f'there is no "{NAME}" here, but there is "{near.name}"',
                hint=f"Rename it, or name it with `-f {near.name}`.",
            )
    raise LocalStateError(
        f'there is no "{NAME}" in "{here}" or above it',
        hint="Write one with `freehold init`, or name it with `-f FILE`.",
    )


def load(path: str | Path | None = None) -> Platform:
    """The platform of the declaration at ``path``, or of the nearest one upward.

    Raises LocalStateError when there is none, DeclarationError for everything that is wrong in it or its includes.
    """
    place = find(path)
    if not place.exists():
        raise LocalStateError(
            f'there is no file "{place}"', hint="Correct the path, or write one with `freehold init`."
        )
    return read(str(place), text, listing, os.environ)


def text(path: str) -> str:
    """The text of one file of the declaration. Raises OSError, UnicodeDecodeError: the reader says where."""
    place = Path(path)
    if place.exists() and not place.is_file():
        raise OSError(errno.EINVAL, "not a regular file")
    if (size := place.stat().st_size) > LARGEST_BYTES:
        raise OSError(errno.EFBIG, f"{size} bytes, and a declaration has at most {LARGEST_BYTES}")
    content = place.read_bytes()
    if b"\0" in content:
        raise OSError(errno.EINVAL, "a binary file")
    return content.decode("utf-8-sig")


def listing(path: str) -> list[str]:
    """The names in a folder, sorted. Raises OSError."""
    return sorted(entry.name for entry in Path(path).iterdir())


_NEAR = ("freehold.yml", "Freehold.yaml", "freehold.json")


def write_layout(path: Path, layout: str) -> bool:
    """Change the line ``layout: ...`` of a declaration and nothing else in it; False when there is no such line, or it
    takes its value from elsewhere. Raises LocalStateError."""
    with explained(path):
        text = path.read_bytes().decode("utf-8")
        found = _LAYOUT.search(text)
        if found is None or found[2].startswith(("$", "env:", "*", "&")):
            return False
        changed = text[: found.start(2)] + layout + text[found.end(2) :]
        real = path.resolve()
        fresh = real.with_name(f".{real.name}.new")
        fresh.write_bytes(changed.encode())
        fresh.chmod(real.stat().st_mode & 0o7777)
        fresh.replace(real)
    return True


_LAYOUT = re.compile(r"^(layout[ \t]*:[ \t]*)([^\s#]+)", re.MULTILINE)
