"""Files inside a server's data folder, which its account may have filled with links to other places."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path


def read(path: Path) -> str:
    """The text of a file that is no link. Raises OSError."""
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW), encoding="utf-8", errors="surrogateescape") as file:
        return file.read()


def write(path: Path, text: str, owner: tuple[int, int] | None) -> None:
    """Write a whole file (mode 0600) under another name, flush it and rename it: there is never half a file.

    Run as root, a link planted under either name must not lead the text elsewhere. ``owner`` is (uid, gid) to give
    the file to. Raises OSError, and leaves no rest.
    """
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        fresh.unlink(missing_ok=True)
        handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8", errors="surrogateescape", newline="\n") as file:
            file.write(text)
            file.flush()
            if owner is not None and os.geteuid() == 0:
                os.fchown(handle, *owner)
            os.fsync(handle)
        fresh.rename(path)
    except OSError:
        with suppress(OSError):
            fresh.unlink(missing_ok=True)
        raise
