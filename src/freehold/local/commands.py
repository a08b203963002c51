"""Runs a service's own tool in a shell, and leaves no process of it behind."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO
from urllib.parse import quote, unquote, urlsplit

from freehold.errors import MigrationError

TAIL_BYTES = 65_536
_GRACE_S = 5.0


class ShellCommands:
    """Implements ports.Commands. The tool gets the environment of Freehold without its ``PG*`` variables, which
    would lead it elsewhere, and with what the caller adds. Everything it started ends with it. A relative directory
    is taken from ``base``, the folder of the declaration."""

    def __init__(self, base: str | Path = ".", timeout_ms: int = 3_600_000) -> None:
        self._base = Path(base)
        self._timeout_ms = timeout_ms

    def run(self, command: str, directory: str, environment: Mapping[str, str]) -> tuple[int, str]:
        """Exit status (128 + signal when killed) and the last 64 kB of output, secrets of the environment masked.

        Raises MigrationError when the folder is missing or the time is over.
        """
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "DATABASE_URL"))}
        try:
            process = subprocess.Popen(
                command,
                shell=True,
                cwd=self._base / directory,
                env={**inherited, **environment},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except OSError as error:
            raise MigrationError(
                f'cannot run a command in "{self._base / directory}": {(error.strerror or str(error)).lower()}',
                hint="Correct `migrations.directory` in the declaration.",
            ) from error
        tail = bytearray()
        assert process.stdout is not None
        reader = threading.Thread(target=_keep_tail, args=(process.stdout, tail), daemon=True)
        reader.start()
        try:
            status = process.wait(timeout=self._timeout_ms / 1000)
            # A process that the tool left in the background holds the pipe open, and a login that is to be dropped.
            reader.join(timeout=1)
        except subprocess.TimeoutExpired:
            raise MigrationError(
                f"the migration command ran for more than {self._timeout_ms // 1000} s",
                hint="It was ended. Look at its last output, and run apply again.",
            ) from None
        finally:
            _end(process)
            reader.join(timeout=_GRACE_S)
            if not reader.is_alive():
                process.stdout.close()
        output = bytes(tail).decode("utf-8", errors="replace")
        return (status if status >= 0 else 128 - status), masked(output, secrets_of(environment))[-TAIL_BYTES:]


def secrets_of(environment: Mapping[str, str]) -> tuple[str, ...]:
    """The passwords that ``environment`` holds: of variables named so, and inside URLs."""
    found = {value for name, value in environment.items() if "PASSWORD" in name.upper()}
    for value in environment.values():
        if "://" in value and (password := urlsplit(value).password):
            found |= {password, unquote(password)}
    return tuple(sorted((secret for secret in found if secret), key=lambda secret: (-len(secret), secret)))


def masked(text: str, secrets: Iterable[str]) -> str:
    """``text`` with each secret, plain or percent-encoded, as ``<password>``."""
    for secret in secrets:
        text = text.replace(secret, "<password>").replace(quote(secret, safe=""), "<password>")
    return text


def _keep_tail(stream: IO[bytes], tail: bytearray) -> None:
    while chunk := os.read(stream.fileno(), TAIL_BYTES):
        tail += chunk
        # More than is shown, so that a secret is never cut in two before it is masked.
        del tail[: -2 * TAIL_BYTES]


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the tool and whatever it left running in its process group."""
    if process.poll() is None:
        _signal(process.pid, signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=_GRACE_S)
    _signal(process.pid, signal.SIGKILL)
    process.wait()


def _signal(group: int, number: signal.Signals) -> None:
    # Nothing left in the group, or only processes of another account, which are not ours to end.
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)
