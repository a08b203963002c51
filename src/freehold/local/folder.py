"""The folder ``.freehold`` beside the declaration: what only this machine needs, and nobody else may read.

::

    .freehold/            0700; holds its own .gitignore, so that nothing in it is ever committed
        secrets.json      0600; passwords and verifiers
        env/SERVICE.env   0600; how each service connects
        backups/          0700; archives of services that were moved, with their manifests (``backups.py``)
        moves.json        0600; the moves of services that this machine knows of

State of the platform is not here; it is in the servers. Losing this folder loses passwords, which the next apply
then replaces, and nothing else.
"""

from __future__ import annotations

import errno
import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from freehold.errors import LocalStateError

NAME = ".freehold"
_OURS = ("secrets.json", "secrets.lock", ".gitignore", "moves.json", "moves.log")


class Folder:
    """The local folder of the declaration at ``declaration_path``; made on first use."""

    def __init__(self, declaration_path: str | Path) -> None:
        self.path = Path(declaration_path).resolve().parent / NAME

    @property
    def secrets_path(self) -> Path:
        return self.path / "secrets.json"

    @property
    def moves_path(self) -> Path:
        return self.path / "moves.json"

    @property
    def moves_log(self) -> Path:
        """What watchdogs of moves say: nobody watches them."""
        return self.path / "moves.log"

    @property
    def env_path(self) -> Path:
        return self.path / "env"

    def ensure(self) -> Path:
        """The folder, made with its ``.gitignore`` when missing.

        Raises LocalStateError when it cannot be made, is not ours, or others may read it.
        """
        private_folder(self.path)
        ignore = self.path / ".gitignore"
        with explained(ignore):
            if not ignore.exists():
                write_atomically(ignore, b"*\n")
        return self.path

    def remove(self) -> tuple[Path, ...]:
        """Remove what Freehold wrote here but backups, and the folder when nothing else is in it; the paths that are
        gone.

        Raises LocalStateError.
        """
        gone: list[Path] = []
        with explained(self.path):
            for place in (*sorted(self.env_path.glob("*.env")), *(self.path / name for name in _OURS)):
                if place.is_file():
                    place.unlink()
                    gone.append(place)
            for folder in (self.env_path, self.path):
                if folder.is_dir() and not any(folder.iterdir()):
                    folder.rmdir()
                    gone.append(folder)
        return tuple(gone)


def private_folder(path: Path) -> Path:
    """``path`` as a folder that only its owner may read. Raises LocalStateError."""
    with explained(path):
        try:
            path.mkdir(mode=0o700)
        except FileExistsError:
            if not path.is_dir():
                raise LocalStateError(
                    f'"{path}" is not a folder',
                    hint="Move it away; Freehold keeps passwords in a folder there.",
                ) from None
    refuse_shared(path)
    return path


def refuse_shared(path: Path) -> None:
    """Raises LocalStateError when ``path`` belongs to somebody else, or group or others may read or write it.

    Passing through (execute) is allowed: a server that runs as another account may have its data below.
    """
    with explained(path):
        found = path.stat()
    if found.st_uid not in (os.geteuid(), 0) and os.geteuid() != 0:
        raise LocalStateError(
            f'"{path}" belongs to another account (uid {found.st_uid})',
            hint="Run Freehold as that account, or take the file over with `chown`.",
        )
    if stat.S_IMODE(found.st_mode) & 0o066:
        raise LocalStateError(
            f'"{path}" may be read or written by others (mode {stat.S_IMODE(found.st_mode):04o})',
            hint=f"Passwords in it may be known to others by now; run `chmod go-rw '{path}'`, and replace them if so.",
        )


def write_atomically(path: Path, content: bytes) -> None:
    """Replace ``path`` by ``content`` with mode 0600, durably: after a crash there is the old file or the new one."""
    with explained(path):
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".new", dir=path.parent)  # mode 0600
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
        # The rename itself must reach the disk before a password may be sent anywhere.
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def write_new(path: Path, content: bytes) -> None:
    """Write a file that is not there yet, whole or not at all. Raises OSError, FileExistsError when it is there."""
    with path.open("xb") as file:
        try:
            file.write(content)
        except BaseException:
            path.unlink(missing_ok=True)
            raise


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turns an error of the operating system into a LocalStateError that names ``path`` and what to do."""
    try:
        yield
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        match error.errno:
            case errno.EROFS | errno.EACCES | errno.EPERM:
                hint = f'Make "{path.parent}" writable for this account, or keep the declaration in a folder that is.'
            case errno.ENOSPC | errno.EDQUOT:
                hint = f'Make room on the disk of "{path.parent}" and run the command again.'
            case errno.ENOENT:
                hint = f'Make the folder "{path.parent}" first.'
            case _:
                hint = "Correct this and run the command again."
        raise LocalStateError(f'cannot use "{path}": {reason}', hint=hint) from error
