"""The folder ``backups`` of the local folder: archives of services with their manifests, which nobody else may read."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Mapping
from pathlib import Path

from freehold.errors import LocalStateError
from freehold.local.folder import Folder, explained, private_folder, write_atomically

_NAME = re.compile(r"[a-z0-9_-]{1,100}")


class BackupFolder:
    """``ports.Backups``. Holds ``NAME.dump`` (mode 0600), ``NAME.json``, and ``NAME.part`` while one is written."""

    def __init__(self, folder: Folder) -> None:
        self._folder = folder

    def begin(self, name: str) -> str:
        part = self._file(name, "part")
        with explained(part):
            part.unlink(missing_ok=True)
            os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        return str(part)

    def finish(self, name: str) -> tuple[int, str]:
        part, whole = self._file(name, "part"), self._file(name, "dump")
        with explained(part):
            with part.open("rb") as file:
                os.fsync(file.fileno())
            part.replace(whole)
            folder = os.open(whole.parent, os.O_RDONLY | os.O_DIRECTORY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
        return self.measure(name)

    def measure(self, name: str) -> tuple[int, str]:
        whole = self._file(name, "dump")
        with explained(whole), whole.open("rb") as file:
            found = hashlib.file_digest(file, "sha256")
            return file.tell(), found.hexdigest()

    def path(self, name: str) -> str:
        return str(self._file(name, "dump"))

    def note(self, name: str, document: Mapping[str, object]) -> None:
        text = json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
        write_atomically(self._file(name, "json"), text.encode("utf-8", "surrogatepass"))

    def noted(self, name: str) -> Mapping[str, object]:
        place = self._file(name, "json")
        with explained(place):
            content = place.read_bytes()
        try:
            found: object = json.loads(content)
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise LocalStateError(f'"{place}" is no manifest of a backup', hint="Make the backup again.")
        return found

    def _file(self, name: str, kind: str) -> Path:
        if not _NAME.fullmatch(name):
            raise ValueError(f"not a name of a backup: {name!r}")
        return private_folder(self._folder.ensure() / "backups") / f"{name}.{kind}"
