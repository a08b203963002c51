"""Exported files on the disk: written as a whole, and never over a file that somebody else wrote or changed."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from freehold.errors import LocalStateError
from freehold.export.marking import theirs
from freehold.local.folder import explained, private_folder, write_atomically

_IGNORE = b"*\n!.gitignore\n!kustomization.yaml\n"


@dataclass(frozen=True, slots=True)
class Written:
    """What became of each file, by its path."""

    written: tuple[str, ...]
    unchanged: tuple[str, ...]
    secrets: tuple[str, ...]


def write(
    folder: Path, texts: Mapping[str, str], secrets: Mapping[str, bytes], *, force: bool, mounted: bool = False
) -> Written:
    """Write every file below ``folder``, or none: whatever must not be replaced is named first.

    Secret files lie in folders that only their owner may enter, with a .gitignore; ``mounted`` ones may be read by
    whoever gets that far. Raises LocalStateError.
    """
    foreign = [] if force else [f'"{path}" {why}' for path in texts if (why := _foreign(folder, path))]
    if foreign:
        raise LocalStateError(
            f'nothing is written to "{folder}": {", ".join(foreign[:5])}'
            + (f", and {len(foreign) - 5} more" if len(foreign) > 5 else ""),
            hint="Export into another folder, move them away, or replace them with --force.",
        )
    written: list[str] = []
    unchanged: list[str] = []
    for place in sorted({(folder / path).parent for path in secrets}):
        with explained(place):
            place.parent.mkdir(parents=True, exist_ok=True)
        private_folder(place)
        write_atomically(place / ".gitignore", _IGNORE)
    for path, text in texts.items():
        target = _inside(folder, path)
        content = text.encode()
        with explained(target):
            target.parent.mkdir(parents=True, exist_ok=True)
            if target.is_file() and target.read_bytes() == content:
                unchanged.append(path)
                continue
        write_atomically(target, content)
        with explained(target):
            target.chmod(0o666 & ~_umask())
        written.append(path)
    for path, content in secrets.items():
        target = _inside(folder, path)
        write_atomically(target, content)
        with explained(target):
            target.chmod(0o644 if mounted else 0o600)
    return Written(tuple(written), tuple(unchanged), tuple(secrets))


def _foreign(folder: Path, path: str) -> str:
    target = _inside(folder, path)
    with explained(target):
        if not target.exists() and not target.is_symlink():
            return ""
        if not target.is_file():
            return "is no file"
        return theirs(target.read_bytes())


def _inside(folder: Path, path: str) -> Path:
    """The place of a file; it never leaves the folder by a link that lies there."""
    target = folder / path
    with explained(target):
        if not target.parent.resolve().is_relative_to(folder.resolve()):
            raise LocalStateError(
                f'"{target}" would be written outside of "{folder}"', hint="Remove the symbolic link on its way."
            )
    return target


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
