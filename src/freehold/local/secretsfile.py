"""The secrets file: one password and its verifier for each role, durable before anybody gets to see them.

A password comes from the environment variable ``FREEHOLD_PASSWORD_<ROLE>`` when that is set (the role's name in
capitals, everything but letters and digits as ``_``), else from the file, else it is generated. A password from the
environment is not written to the file; its verifier is, so that the next plan sees the same one.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import secrets
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from freehold.errors import LocalStateError
from freehold.found import scram
from freehold.local.folder import explained, private_folder, refuse_shared, write_atomically

_BYTES = 24
_SALT_BYTES = 16


@dataclass(frozen=True, slots=True)
class _Entry:
    """``password`` is empty when it came from the environment; its text is never shown."""

    password: str = field(repr=False)
    verifier: str = field(repr=False)


class SecretsFile:
    """Implements ports.Secrets on a JSON file of mode 0600. Safe for threads and for several processes at once."""

    def __init__(self, path: str | Path, environment: Mapping[str, str] | None = None) -> None:
        self._path = Path(path)
        self._environment = os.environ if environment is None else environment
        self._lock = threading.RLock()
        self._entries: dict[str, _Entry] = {}
        self._stamp: tuple[int, int, int] | None = None

    def password(self, role: str) -> str:
        """The role's password; generated and stored on first use. Raises LocalStateError."""
        self.ensure([role])
        return self._given(role) or self._entries[role].password

    def verifier(self, role: str) -> str:
        """The verifier of the role's password. Raises LocalStateError."""
        self.ensure([role])
        return self._entries[role].verifier

    def known(self) -> Mapping[str, str]:
        """Role to verifier, for every role that has a stored password or verifier."""
        with self._lock:
            self._load()
            stale = [role for role, entry in self._entries.items() if not self._holds(role, entry)]
            if stale:
                self.ensure(stale)
            return {role: self._entries[role].verifier for role in sorted(self._entries)}

    def digests(self) -> Mapping[str, str]:
        """Role to SHA-256 of its password, for every role whose password is known here."""
        with self._lock:
            self._load()
            known = {role: self._given(role) or entry.password for role, entry in self._entries.items()}
        return {role: hashlib.sha256(text.encode()).hexdigest() for role, text in sorted(known.items()) if text}

    def ephemeral(self, minutes: int) -> tuple[str, str]:
        """A password that is stored nowhere, and its verifier; whoever uses it sets VALID UNTIL."""
        password = secrets.token_urlsafe(_BYTES)
        return password, scram.verifier(password, secrets.token_bytes(_SALT_BYTES))

    def ensure(self, roles: Iterable[str]) -> None:
        """Make all of ``roles`` have a password, with one write to the disk for all of them."""
        wanted = sorted(set(roles))
        with self._lock:
            self._load()
            if all(role in self._entries and self._holds(role, self._entries[role]) for role in wanted):
                return
            with self._locked():
                # Another process may have written since; what it generated may already be in a server.
                self._load()
                entries = dict(self._entries)
                for role in wanted:
                    if role not in entries or not self._holds(role, entries[role]):
                        entries[role] = self._made(role)
                self._save(entries)

    def forget(self, roles: Iterable[str]) -> None:
        """Remove the passwords of roles that no longer exist."""
        gone = set(roles)
        with self._lock, self._locked():
            self._load()
            if gone & self._entries.keys():
                self._save({role: entry for role, entry in self._entries.items() if role not in gone})

    def _made(self, role: str) -> _Entry:
        given = self._given(role)
        password = given or secrets.token_urlsafe(_BYTES)
        verifier = scram.verifier(password, secrets.token_bytes(_SALT_BYTES))
        return _Entry("" if given else password, verifier)

    def _given(self, role: str) -> str:
        name = variable(role)
        given = self._environment.get(name)
        if given == "":
            raise LocalStateError(
                f'environment variable "{name}" is empty', hint="Set it to the role's password, or unset it."
            )
        return given or ""

    def _holds(self, role: str, entry: _Entry) -> bool:
        """Whether the entry still tells the truth: the environment may hold another password since."""
        given = self._given(role)
        if not given:
            return entry.password != ""
        return scram.matches(given, entry.verifier)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        private_folder(self._path.parent)
        # A file of its own: the secrets file is replaced by each write, and a lock goes with the file it is on.
        lock = self._path.with_suffix(".lock")
        with explained(lock):
            handle = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            with explained(lock):
                fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

    def _load(self) -> None:
        with explained(self._path):
            try:
                found = self._path.stat()
            except FileNotFoundError:
                self._entries, self._stamp = {}, None
                return
            stamp = (found.st_ino, found.st_mtime_ns, found.st_size)
            if stamp == self._stamp:
                return
            refuse_shared(self._path)
            content = self._path.read_bytes()
        self._entries, self._stamp = _parsed(content, self._path), stamp

    def _save(self, entries: Mapping[str, _Entry]) -> None:
        document = {
            "schema_version": 1,
            "roles": {
                role: {"password": entry.password, "verifier": entry.verifier}
                for role, entry in sorted(entries.items())
            },
        }
        write_atomically(self._path, (json.dumps(document, indent=1, ensure_ascii=True) + "\n").encode("ascii"))
        self._load()


def variable(role: str) -> str:
    """The environment variable that overrides the password of ``role``."""
    return "FREEHOLD_PASSWORD_" + re.sub(r"[^A-Z0-9]", "_", role.upper())


def _parsed(content: bytes, path: Path) -> dict[str, _Entry]:
    try:
        document: object = json.loads(content)
    except ValueError:
        document = None
    match document:
        case {"schema_version": 1, "roles": dict(roles)}:
            entries: dict[str, _Entry] = {}
            for role, entry in roles.items():
                match entry:
                    case {"password": str(password), "verifier": str(verifier)}:
                        entries[str(role)] = _Entry(password, verifier)
                    case _:
                        break
            else:
                return entries
    raise LocalStateError(
        f'"{path}" is not a secrets file of Freehold',
        hint="Restore it from a backup, or move it away: the next apply then gives every role a new password.",
    )
