"""The migrations of the services as they lie on this machine: SQL files in order, and digests of tool folders.

Order: the names in natural order, numbers as numbers, so ``2_b.sql`` comes before ``10_a.sql`` and zeros in front
do not matter. Two files with the same leading number are an error, because their order would be an accident.
Only ``*.sql`` directly in the folder count; hidden files and editors' copies are passed over with a note.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from freehold.apply.script import NO_TRANSACTION, inspect, marker
from freehold.errors import MigrationError
from freehold.plan.model import MigrationFile
from freehold.spec.model import Platform

LARGEST_BYTES = 64 * 1024**2
TOOL_LARGEST_BYTES = 256 * 1024**2
TOOL_MOST_FILES = 20_000

_NUMBER = re.compile(r"[Vv]?(\d+(?:[._]\d+)*)__|[Vv]?(\d+(?:\.\d+)*)")
_COPY = re.compile(r"(~|\.bak|\.orig|\.rej|\.tmp|\.swp|\.save)$|^#.*#$", re.IGNORECASE)
_UNDO = re.compile(r"\.(down|undo)\.sql$|^U\d", re.IGNORECASE)
_SKIPPED_FOLDERS = frozenset({"__pycache__", "node_modules", "venv", "target", "build", "dist"})


def collect(
    platform: Platform, base: str | Path, note: Callable[[str], None] | None = None
) -> tuple[Mapping[str, tuple[MigrationFile, ...]], Mapping[str, str]]:
    """The SQL files of each service in order, and for each service with a command the digest of its folder.

    Paths are taken from ``base``. Raises MigrationError for what cannot be read or may not run; ``note`` hears what
    was passed over.
    """
    say = note or (lambda _text: None)
    files: dict[str, tuple[MigrationFile, ...]] = {}
    digests: dict[str, str] = {}
    for service in platform.services:
        if service.migrations is None:
            continue
        if service.migrations.folder:
            files[service.name] = _files(Path(base) / service.migrations.folder, service.name, say)
        if service.migrations.command:
            digests[service.name] = _digest(
                Path(base) / service.migrations.directory, service.migrations.command, service.name
            )
    return files, digests


def natural(name: str) -> tuple[tuple[int, int, str], ...]:
    """A key that sorts numbers inside names as numbers, and before letters."""
    parts = re.findall(r"\d+|\D+", name)
    return (*(((0, int(part), "") if part.isdecimal() else (1, 0, part)) for part in parts), (-1, 0, name))


def number(name: str) -> tuple[int, ...] | None:
    """The leading number of a file: ``007_x.sql`` is (7,), ``V1_2__x.sql`` and ``1.2_x.sql`` are (1, 2)."""
    match = _NUMBER.match(name)
    if not match:
        return None
    return tuple(int(part) for part in re.split(r"[._]", match[1] or match[2]))


def read(path: Path) -> MigrationFile:
    """One file. The digest is of its bytes; the text loses a byte order mark and nothing else.

    Raises MigrationError for what PostgreSQL could not take, and for a statement that may not stand in a migration.
    """
    content = _bytes(path)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise MigrationError(
            f'"{path}" is not UTF-8 text: byte {error.start} is 0x{content[error.start]:02x}',
            hint="Save it as UTF-8.",
        ) from None
    if "\0" in text:
        raise MigrationError(
            f'"{path}" is not text: byte {content.index(0)} is a NUL', hint="PostgreSQL has no use for it; remove it."
        )
    word = marker(text)
    if word not in (None, NO_TRANSACTION):
        raise MigrationError(
            f'"{path}" has an unknown mark "{word}"',
            hint=f"The only mark is `-- freehold: {NO_TRANSACTION}`.",
        )
    script = inspect(text, word is None)
    for refusal in script.refusals:
        raise MigrationError(f"{path}:{refusal.line}: {refusal.message}", hint=refusal.hint)
    return MigrationFile(path.name, hashlib.sha256(content).hexdigest(), text, transactional=word is None)


def _files(folder: Path, service: str, say: Callable[[str], None]) -> tuple[MigrationFile, ...]:
    names: list[str] = []
    for entry in _entries(folder, service):
        if entry.name.startswith(".") or _COPY.search(entry.name):
            say(f'"{folder / entry.name}" is passed over: a hidden file or a copy')
        elif _UNDO.search(entry.name):
            say(f'"{folder / entry.name}" is passed over: it undoes a migration')
        elif not entry.name.endswith(".sql"):
            say(f'"{folder / entry.name}" is passed over: not a .sql file')
        elif not entry.is_file():
            say(f'"{folder / entry.name}" is passed over: not a regular file')
        else:
            names.append(entry.name)
    names.sort(key=natural)
    seen: dict[tuple[int, ...], str] = {}
    for name in names:
        if (found := number(name)) is not None and (first := seen.setdefault(found, name)) != name:
            raise MigrationError(
                f'"{first}" and "{name}" of service "{service}" have the same number',
                hint="Give one of them the next free number.",
            )
    return tuple(read(folder / name) for name in names)


def _entries(folder: Path, service: str) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise MigrationError(
            f'cannot read the migrations of service "{service}" in "{folder}": {reason}',
            hint="Make the folder, or correct `migrations:`; a path is taken from the declaration's folder.",
        ) from error


def _bytes(path: Path) -> bytes:
    try:
        if (size := path.stat().st_size) > LARGEST_BYTES:
            raise MigrationError(
                f'"{path}" has {size} bytes; a migration has at most {LARGEST_BYTES}',
                hint="Load large data with psql; migrations change the schema.",
            )
        return path.read_bytes()
    except OSError as error:
        raise MigrationError(
            f'cannot read "{path}": {(error.strerror or str(error)).lower()}',
            hint="Make the file readable for this account.",
        ) from error


def _digest(folder: Path, command: str, service: str) -> str:
    """A digest of the command and of every file below ``folder``, hidden ones and build output left out."""
    digest = hashlib.sha256(command.encode("utf-8") + b"\0")
    count = size = 0
    _entries(folder, service)
    for path in _walk(folder):
        # a link is what it says, not what it points at: that may lie anywhere
        content = os.fsencode(path.readlink()) if path.is_symlink() else _bytes(path)
        count, size = count + 1, size + len(content)
        if count > TOOL_MOST_FILES or size > TOOL_LARGEST_BYTES:
            raise MigrationError(
                f'"{folder}" of service "{service}" is too large to be the folder of a migration tool',
                hint="Set `migrations.directory` to the folder that holds the tool's files only.",
            )
        name = os.fsencode(path.relative_to(folder))
        digest.update(b"%d:%b%d:%b" % (len(name), name, len(content), content))
    return digest.hexdigest()


def _walk(folder: Path) -> Iterator[Path]:
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name not in _SKIPPED_FOLDERS)
        for name in sorted(names):
            path = Path(place) / name
            passed_over = name.startswith(".") or name.endswith(".pyc") or _COPY.search(name)
            if not passed_over and (path.is_symlink() or path.is_file()):
                yield path
