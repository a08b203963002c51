"""The texts below a folder that could name certain files: a quick look at bytes, before anything is understood."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

LARGEST_BYTES = 1024**2
"""A text that a person wrote is smaller; a dump is larger."""
_SKIPPED = frozenset({".git", ".hg", ".svn", "node_modules", ".venv", "__pycache__", ".freehold"})


def texts_naming(root: Path, paths: Iterable[str], but: str) -> Iterator[tuple[str, bytes]]:
    """Every text below ``root`` that holds the name of one of ``paths`` or of a folder of it, by path and in order;
    neither those files themselves nor anything below ``but``."""
    going = frozenset(paths)
    names = {os.fsencode(Path(path).name) for path in going}
    names |= {os.fsencode(folder.name) for path in going for folder in Path(path).parents if folder.name}
    for here, below, files in os.walk(root):
        folder = Path(here).relative_to(root)
        below[:] = sorted(one for one in below if one not in _SKIPPED and (folder / one).as_posix() != but)
        for name in sorted(files):
            path = (folder / name).as_posix()
            content = b"" if path in going else _text(root / path)
            if any(one in content for one in names):
                yield path, content


def _text(path: Path) -> bytes:
    """The content of a text file; nothing of one that is large, binary, a link, or cannot be read."""
    try:
        if path.is_symlink() or not path.is_file() or path.stat().st_size > LARGEST_BYTES:
            return b""
        content = path.read_bytes()
    except OSError:
        return b""
    return b"" if b"\0" in content else content
