"""The files of a folder, one after the other, each read only when somebody asks."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path

from freehold.discover import places
from freehold.discover.readers._kind import Source
from freehold.errors import LocalStateError
from freehold.local import archiving

CHUNK_BYTES = 1 << 18
_DEPTH_MAX = 60


def sources(root: Path) -> Iterator[Source]:
    """Every plain file below ``root`` in order of path; what is nobody's own (``node_modules``, ``.git``) is left out.

    A link is followed when it leads to a file or folder inside ``root`` that was not seen yet, so loops end.
    Raises LocalStateError when ``root`` is no folder that can be read.
    """
    try:
        top = root.resolve(strict=True)
        if not top.is_dir():
            raise NotADirectoryError(20, "is no folder")
        os.scandir(top).close()
    except OSError as error:
        raise LocalStateError(
            f'"{root}" cannot be read: {error.strerror}', hint="Name the folder of a repository."
        ) from None
    yield from _below(top, top, "", set(), 0)


def _below(top: Path, folder: Path, path: str, seen: set[tuple[int, int]], depth: int) -> Iterator[Source]:
    try:
        here = folder.stat()
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError:
        return  # a folder without the right to read it is as if it were not there
    if (here.st_dev, here.st_ino) in seen or depth > _DEPTH_MAX:
        return
    seen.add((here.st_dev, here.st_ino))
    for entry in entries:
        name = entry.name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
        below = f"{path}/{name}" if path else name
        if places.ignored(below):
            continue
        try:
            if entry.is_symlink() and not Path(entry.path).resolve(strict=True).is_relative_to(top):
                continue
            if entry.is_dir():
                if archiving.is_run(Path(entry.path)):
                    continue  # what was archived is out of the way of discovery too
                yield from _below(top, Path(entry.path), below, seen, depth + 1)
                continue
            info = entry.stat()
        except OSError:
            continue  # a link that leads nowhere, or a file that just went away
        if stat.S_ISREG(info.st_mode):
            yield Source(below, info.st_size, partial(_chunks, entry.path))


def _chunks(file: str) -> Iterable[bytes]:
    try:
        with Path(file).open("rb") as opened:
            while piece := opened.read(CHUNK_BYTES):
                yield piece
    except OSError:
        return  # unreadable since it was listed
