"""The folder of one embedded instance: its marker says whose it is, a lock keeps two runs apart.

<root>/<platform>-<digest of the declaration's path>/<instance>/ holds ``data`` (owned by the server's account),
``log`` and ``freehold.json``. The folder itself stays ours: a server that was broken into cannot swap ``data`` for
a link to a folder of root's.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import shutil
import urllib.parse
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from freehold.errors import LocalStateError
from freehold.pg import files
from freehold.pg.embedded.account import Account

MARKER = "freehold.json"


@dataclass(frozen=True, slots=True)
class Marker:
    """Whose the folder is. ``initialised`` is False from the moment we claim it until initdb has finished."""

    platform: str
    instance: str
    declaration: str
    version: int
    port: int
    initialised: bool


@dataclass(frozen=True, slots=True)
class Home:
    """The paths of one instance."""

    path: Path

    @property
    def data(self) -> Path:
        return self.path / "data"

    @property
    def log(self) -> Path:
        return self.path / "log"


def root(environment: Mapping[str, str]) -> Path:
    """Where embedded instances live: FREEHOLD_DATA, else /var/lib/freehold for root, else below the user's home."""
    if environment.get("FREEHOLD_DATA"):
        return Path(environment["FREEHOLD_DATA"]).absolute()
    if os.geteuid() == 0:
        return Path("/var/lib/freehold")
    share = environment.get("XDG_DATA_HOME") or str(Path(environment.get("HOME") or "~").expanduser() / ".local/share")
    return Path(share) / "freehold"


def platform_folder(base: Path, platform: str, declaration: str) -> Path:
    """The platform's folder: two checkouts of one declaration never share data."""
    word = re.sub(r"[^A-Za-z0-9_-]+", "_", platform)[:40] or "platform"
    return base / f"{word}-{hashlib.sha256(declaration.encode()).hexdigest()[:8]}"


def encoded(instance: str) -> str:
    """An instance's name as a file name that fits in 255 bytes."""
    text = urllib.parse.quote(instance, safe="").replace(".", "%2E")
    return text if len(text) <= 200 else f"{text[:180]}-{hashlib.sha256(instance.encode()).hexdigest()[:16]}"


def read_marker(home: Home) -> Marker | None:
    """The marker, or None when there is none. Raises LocalStateError when it cannot be read or understood."""
    try:
        got = json.loads((home.path / MARKER).read_text(encoding="utf-8"))
        return Marker(
            platform=str(got["platform"]),
            instance=str(got["instance"]),
            declaration=str(got["declaration"]),
            version=int(got["version"]),
            port=int(got["port"]),
            initialised=got["initialised"] is True,
        )
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError):
        raise LocalStateError(
            f'"{home.path / MARKER}" is damaged',
            hint="Restore the file, or move the folder away and run `freehold up`.",
        ) from None
    except OSError as error:
        raise unusable(home.path, error) from None


def write_marker(home: Home, marker: Marker) -> None:
    """Replace the marker by rename."""
    write_file(home.path / MARKER, json.dumps(asdict(marker), indent=2, sort_keys=True) + "\n", None)


def write_file(path: Path, text: str, account: Account | None) -> None:
    """Replace a file by rename, for ``account`` or for ourselves. Raises LocalStateError."""
    try:
        files.write(path, text, (account.uid, account.gid) if account else None)
    except OSError as error:
        raise unusable(path, error) from None


def claim(home: Home, wanted: Marker, account: Account) -> Marker:
    """Make the folder ours, or see that it is. Returns its marker. To be called with the lock held.

    Raises LocalStateError for a folder with other files in it, or of another platform or declaration.
    """
    found = read_marker(home)
    if found is None:
        others = sorted(path.name for path in home.path.iterdir())
        if others:
            raise LocalStateError(
                f'"{home.path}" is not an instance of Freehold: it holds "{others[0]}" and no {MARKER}',
                hint="Name another folder under `data:`; Freehold never touches files that it did not make.",
            )
        write_marker(home, wanted)
        return wanted
    if (found.platform, found.instance, found.declaration) != (wanted.platform, wanted.instance, wanted.declaration):
        raise LocalStateError(
            f'"{home.path}" holds instance "{found.instance}" of platform "{found.platform}", '
            f'declared in "{found.declaration}"',
            hint="Name another folder under `data:`; two declarations never share a data folder.",
        )
    return found if found.initialised else replace(wanted, port=found.port)


@contextmanager
def locked(home: Home, account: Account) -> Iterator[None]:
    """Hold the instance's lock; whoever else runs `up` or `down` on it waits. Makes the folder when it is missing."""
    while True:
        try:
            _make(home.path, account)
            handle = os.open(home.path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError as error:
            raise unusable(home.path, error) from None
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            # while we waited the folder may have been purged and made again: then we hold the lock of a ghost
            with suppress(FileNotFoundError):
                if home.path.stat().st_ino == os.fstat(handle).st_ino:
                    yield
                    return
        finally:
            os.close(handle)


def _make(path: Path, account: Account) -> None:
    missing = [folder for folder in (path, *path.parents) if not folder.exists()]
    for folder in reversed(missing):
        # as root, everybody may pass through (the server's account must) and nobody may list
        folder.mkdir(mode=0o711 if account.hands_over else 0o700, exist_ok=True)
        if account.hands_over:
            folder.chmod(0o711)


def remove(home: Home) -> None:
    """Remove the folder and everything in it. Raises LocalStateError when it has no marker of ours."""
    if read_marker(home) is None:
        raise LocalStateError(f'"{home.path}" is not an instance of Freehold', hint="Nothing was removed.")
    try:
        # the marker goes last: an interrupted removal can be repeated
        for path in sorted(home.path.iterdir(), key=lambda one: one.name == MARKER):
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()
        home.path.rmdir()
    except OSError as error:
        raise unusable(home.path, error) from None


def unusable(path: Path, error: OSError) -> LocalStateError:
    """The error for a folder that cannot be used: read-only, full, not ours."""
    return LocalStateError(
        f'cannot use "{path}": {error.strerror or error}',
        hint="Make room or give write access there, or set FREEHOLD_DATA to another folder.",
    )
