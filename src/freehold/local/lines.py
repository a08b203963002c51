"""A file of JSON, one object a line, that appears under its name only when it is complete."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from freehold.finding import JsonObject
from freehold.local.folder import explained


class Lines:
    """Writes one line at a time; nothing is kept in memory."""

    def __init__(self, file: IO[str], path: Path) -> None:
        self._file = file
        self._path = path
        self.count = 0

    def add(self, line: JsonObject) -> None:
        """Write one object. Raises LocalStateError."""
        with explained(self._path):
            self._file.write(json.dumps(line, ensure_ascii=False) + "\n")
        self.count += 1


@contextmanager
def lines(path: Path) -> Iterator[Lines]:
    """A new file with mode 0600 in place of ``path``; the old one stays when the block ends with an exception.

    Raises LocalStateError before the block when the folder cannot be written to.
    """
    with explained(path):
        if path.is_dir():
            raise IsADirectoryError(21, "is a folder")
        handle, name = tempfile.mkstemp(prefix=f".{path.name[:60]}.", suffix=".new", dir=path.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as file:
            yield Lines(file, path)
            with explained(path):
                file.flush()
                os.fsync(file.fileno())
        with explained(path):
            Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
