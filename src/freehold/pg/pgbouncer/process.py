"""One PgBouncer as processes of this machine: its files, its start and stop, and whether it runs."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from freehold.errors import LocalStateError
from freehold.pg import files
from freehold.pg.embedded.account import Account
from freehold.pg.pgbouncer.programs import Program
from freehold.pool.bouncers import part
from freehold.pool.model import Bouncer, Login
from freehold.pool.text import configuration, users

START_TIMEOUT_S = 10
STOP_TIMEOUT_S = 10
_SOCKET_PATH_BYTES = 90
TAKEN = "cannot listen on"
"""How PgBouncer says that its port belongs to somebody else."""


@dataclass(frozen=True, slots=True)
class Home:
    """The folder of one PgBouncer: ``N.ini``, ``N.pid``, ``N.log``, ``N/`` (socket) for each of its processes,
    ``users.txt`` and ``port`` for all."""

    path: Path

    def file(self, process: int, kind: str) -> Path:
        return self.path / f"{process}.{kind}"

    def socket_folder(self, process: int) -> Path:
        return self.path / str(process)

    @property
    def users(self) -> Path:
        return self.path / "users.txt"

    @property
    def port_file(self) -> Path:
        return self.path / "port"

    @property
    def port(self) -> int:
        """The port it last ran on; 0 when it never ran."""
        try:
            return int(self.port_file.read_text(encoding="ascii"))
        except (OSError, ValueError):
            return 0


def write(home: Home, bouncer: Bouncer, port: int, logins: Sequence[Login], program: Program, account: Account) -> bool:
    """Write every file that differs; whether any did. Mode 0600, owned by the account that PgBouncer runs as.

    Raises LocalStateError, and FreeholdError for a name that the files cannot hold.
    """
    wanted = {home.users: users(logins), home.port_file: f"{port}\n"}
    try:
        _folder(home.path, account)
        for process in range(bouncer.processes):
            socket_folder = ""
            if bouncer.processes > 1:
                _folder(home.socket_folder(process), account)
                socket_folder = str(home.socket_folder(process))
                if len(os.fsencode(socket_folder)) > _SOCKET_PATH_BYTES:
                    raise LocalStateError(
                        f'"{socket_folder}" is too long for a Unix socket',
                        hint="Set FREEHOLD_DATA to a shorter path, or run one process.",
                    )
            named = {
                "users": str(home.users),
                "log": str(home.file(process, "log")),
                "pid": str(home.file(process, "pid")),
            }
            text = configuration(part(bouncer, process), port, program.version[:2], named, socket_folder)
            wanted[home.file(process, "ini")] = text
        changed = [path for path, text in wanted.items() if _text(path) != text]
        for path in changed:
            files.write(path, wanted[path], (account.uid, account.gid))
    except OSError as error:
        raise LocalStateError(
            f'cannot write "{error.filename or home.path}": {(error.strerror or str(error)).lower()}',
            hint="Make room there, or set FREEHOLD_DATA to another folder.",
        ) from None
    return bool(changed)


def running(home: Home) -> tuple[int, ...]:
    """The numbers (from 0) of the processes that run. A pid file whose process is another program is none."""
    numbers = sorted(int(path.stem) for path in home.path.glob("*.pid") if path.stem.isdigit())
    return tuple(number for number in numbers if _pid(home, number) is not None)


def start(home: Home, process: int, program: Program, account: Account, name: str) -> None:
    """Start one process and wait until it says that it is up. Raises LocalStateError with its own words, and where its
    port is taken: it would serve its Unix socket alone then, and leave its clients to whoever listens there."""
    if _pid(home, process) is not None:
        return
    ini, log = home.file(process, "ini"), home.file(process, "log")
    before = log.stat().st_size if log.exists() else 0
    home.file(process, "pid").unlink(missing_ok=True)
    done = account.run([program.path, "-d", str(ini)], timeout_s=START_TIMEOUT_S)
    deadline = time.monotonic() + START_TIMEOUT_S
    # once it runs in the background only its log tells what became of it; its pid file comes before it listens
    while done.returncode == 0 and not _told(log, before) and time.monotonic() < deadline:
        time.sleep(0.01)
    if any(TAKEN in line for line in _said(log, before)):
        stop(home, process)
    if _pid(home, process) is None:
        reason = _reason(log, before) or done.stdout.strip()[-300:] or "no reason given"
        raise LocalStateError(
            f'the pool "{name}" did not start: {reason}',
            hint=f'Read the end of "{log}".',
        )


def stop(home: Home, process: int) -> bool:
    """End one process; False when it did not run. Clients are cut off. Raises LocalStateError when it stays."""
    pid = _pid(home, process)
    if pid is None:
        return False
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
        deadline = time.monotonic() + (1 if number == signal.SIGTERM else STOP_TIMEOUT_S)
        while time.monotonic() < deadline:
            if _pid(home, process) is None:
                home.file(process, "pid").unlink(missing_ok=True)
                return True
            time.sleep(0.01)
    raise LocalStateError(f"PgBouncer process {pid} does not end", hint="End it by hand, then run the command again.")


def _pid(home: Home, process: int) -> int | None:
    try:
        pid = int(home.file(process, "pid").read_text(encoding="ascii"))
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except (OSError, ValueError):
        return None
    # a zombie has no command line
    return pid if os.fsencode(home.file(process, "ini")) in words else None


def _folder(path: Path, account: Account) -> None:
    if not path.is_dir():
        path.mkdir(mode=0o700, parents=True)
        account.owns(path)


def _text(path: Path) -> str | None:
    try:
        return files.read(path)
    except OSError:
        return None


def _told(log: Path, start_bytes: int) -> bool:
    return any("FATAL" in line or "process up" in line for line in _said(log, start_bytes))


def _said(log: Path, start_bytes: int) -> list[str]:
    try:
        with log.open("rb") as said:
            said.seek(start_bytes)
            return said.read()[-16_384:].decode(errors="replace").splitlines()
    except OSError:
        return []


def _reason(log: Path, start_bytes: int) -> str:
    lines = _said(log, start_bytes)
    if taken := [line for line in lines if TAKEN in line]:
        return taken[0].partition("WARNING")[2].strip()
    telling = [line for line in lines if "FATAL" in line or "ERROR" in line]
    return telling[0].partition("FATAL")[2].strip() or telling[0].partition("ERROR")[2].strip() if telling else ""
