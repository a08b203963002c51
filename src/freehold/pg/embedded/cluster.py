"""One server process: make its data folder, start it, stop it, and tell a live one from a leftover pid file."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from freehold.errors import LocalStateError
from freehold.pg.embedded import hba
from freehold.pg.embedded.account import Account
from freehold.pg.embedded.binaries import Binaries
from freehold.pg.embedded.folder import Home, unusable, write_file
from freehold.pg.embedded.ports import HOST

START_TIMEOUT_S = 60
STOP_TIMEOUT_S = 60
_LEFTOVER_TIMEOUT_S = 10


class PortLost(Exception):
    """Between our look and the server's start somebody else took the port."""


@dataclass(frozen=True, slots=True)
class Postmaster:
    """A live server process of a data folder."""

    pid: int
    port: int


def initialise(home: Home, binaries: Binaries, account: Account, password: str, instance: str, libraries: str) -> None:
    """initdb into an empty ``data``. What an interrupted run left there is removed first.

    ``libraries`` are the declared shared_preload_libraries: an extension cannot be made without its library, and what
    ALTER SYSTEM says later waits for a restart. Raises LocalStateError with initdb's own words.
    """
    _empty(home, account)
    secret = home.path / "password"
    write_file(secret, password + "\n", account)
    try:
        done = _initdb(home, binaries, account, secret, "C.UTF-8")
        if done.returncode != 0 and "locale" in done.stdout:
            _empty(home, account)
            done = _initdb(home, binaries, account, secret, "C")
        if done.returncode != 0:
            raise LocalStateError(
                f'cannot make the data folder of instance "{instance}": {_reason(done.stdout)}',
                hint="Make room or give write access there, or set FREEHOLD_DATA to another folder.",
            )
    finally:
        secret.unlink(missing_ok=True)
    configuration = home.data / "postgresql.conf"
    shipped = configuration.read_text(encoding="utf-8")
    write_file(configuration, f"{shipped}\ninclude 'freehold.conf'\n", account)
    write_file(home.data / "freehold.conf", _settings(binaries, instance, libraries), account)
    write_file(home.data / "pg_hba.conf", "".join(f"{line}\n" for line in hba.initial()), account)


def _initdb(
    home: Home, binaries: Binaries, account: Account, secret: Path, locale: str
) -> subprocess.CompletedProcess[str]:
    words = ["-D", str(home.data), "-U", hba.ADMINISTRATOR, "-A", "scram-sha-256", f"--pwfile={secret}"]
    return account.run([binaries.program("initdb"), *words, "-E", "UTF8", f"--locale={locale}", "-k"])


def _empty(home: Home, account: Account) -> None:
    try:
        if home.data.exists():
            shutil.rmtree(home.data)
        home.data.mkdir(mode=0o700)
        account.owns(home.data)
    except OSError as error:
        raise unusable(home.data, error) from None


def _settings(binaries: Binaries, instance: str, libraries: str) -> str:
    plain = "".join(c if c.isascii() and c.isprintable() and c not in "'\\" else "?" for c in instance)
    lines = [
        "# written by Freehold when the instance was made; ALTER SYSTEM wins over this file",
        f"cluster_name = '{plain[:63]}'",
        "wal_level = logical",
        "# each service on its way to another home takes two of each; unused ones cost nothing but a few bytes",
        "max_replication_slots = 40",
        "max_wal_senders = 40",
        "max_logical_replication_workers = 30",
        "max_worker_processes = 40",
        "password_encryption = 'scram-sha-256'",
        "log_line_prefix = '%m [%p] %q%u@%d '",
        "lc_messages = 'C'",
    ]
    if libraries:
        quoted = libraries.replace("\\", "\\\\").replace("'", "''").replace("\n", "\\n")
        lines.append(f"shared_preload_libraries = '{quoted}'")
    if binaries.major >= 18:
        lines.append("io_method = sync  # no idle worker processes: many instances share one machine")
    return "\n".join(lines) + "\n"


def postmaster(home: Home) -> Postmaster | None:
    """The server that runs on this data folder, if any. A pid file whose process is another program is no server."""
    lines = _pid_lines(home)
    if lines is None or not lines[0].isdigit() or not _works_in(int(lines[0]), home.data):
        return None
    port = lines[3] if len(lines) > 3 and lines[3].isdigit() else "0"
    return Postmaster(int(lines[0]), int(port))


def start(home: Home, binaries: Binaries, account: Account, port: int, instance: str) -> Postmaster:
    """Start the server and wait until it accepts connections.

    Raises PortLost when the port went to somebody else, LocalStateError with the server's last words otherwise;
    no process is left behind then.
    """
    _clear_leftovers(home, instance)
    try:
        handle = os.open(home.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600)
        before = os.fstat(handle).st_size
        os.close(handle)
    except OSError as error:
        raise unusable(home.log, error) from None
    account.owns(home.log)
    # on the command line, because nothing in a file or in ALTER SYSTEM may open an embedded server to the network
    fixed = f"-c listen_addresses={HOST} -c port={port} -c unix_socket_directories='' -c logging_collector=off"
    data, log = str(home.data), str(home.log)
    words = ["-D", data, "-l", log, "-o", fixed, "-w", "-t", str(START_TIMEOUT_S), "start"]
    done: subprocess.CompletedProcess[str] | None = None
    try:
        done = account.run([binaries.program("pg_ctl"), *words])
    finally:
        running = postmaster(home)
        if running is not None and (done is None or done.returncode != 0):
            stop(home, binaries, account, instance, mode="immediate")
    if running is None or done.returncode != 0:
        said = _tail(home.log, before)
        if re.search(r"could not (bind|create any TCP/IP)|Address already in use", said):
            raise PortLost(said)
        raise LocalStateError(
            f'instance "{instance}" did not start: {_reason(said) or _reason(done.stdout)}',
            hint=f'Read the end of "{home.log}".',
        )
    return running


def stop(home: Home, binaries: Binaries, account: Account, instance: str, mode: str = "fast") -> bool:
    """Stop the server; False when none ran. Past the timeout its processes are ended without a checkpoint
    (it recovers from its log at the next start). Raises LocalStateError when it still runs then."""
    if postmaster(home) is None:
        return False
    for how, timeout_s in ((mode, STOP_TIMEOUT_S), ("immediate", 20)):
        account.run([binaries.program("pg_ctl"), "-D", home.data, "-m", how, "-w", "-t", str(timeout_s), "stop"])
        if postmaster(home) is None:
            return True
    raise LocalStateError(f'instance "{instance}" does not stop', hint=f'Read the end of "{home.log}".')


def _clear_leftovers(home: Home, instance: str) -> None:
    """After a crash or a reboot: wait for orphans, and remove a pid file whose number now belongs to another program.

    A pid file of a dead process stays: PostgreSQL itself then checks that no orphan still holds shared memory.
    """
    lines = _pid_lines(home)
    if lines is None:
        return
    deadline = time.monotonic() + _LEFTOVER_TIMEOUT_S
    while left := _workers_in(home.data):
        if time.monotonic() > deadline:
            raise LocalStateError(
                f'the data of instance "{instance}" is in use by process {left[0]}',
                hint="End that process; it is a remnant of a server that crashed.",
            )
        time.sleep(0.05)
    if lines[0].isdigit() and Path(f"/proc/{lines[0]}").exists():
        (home.data / "postmaster.pid").unlink(missing_ok=True)


def _pid_lines(home: Home) -> list[str] | None:
    try:
        lines = (home.data / "postmaster.pid").read_text(encoding="utf-8", errors="replace").splitlines()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise unusable(home.data, error) from None
    return [line.strip() for line in lines] or [""]


def _works_in(pid: int, folder: Path) -> bool:
    # PostgreSQL's processes have the data folder as their working folder for their whole life
    try:
        return (
            Path(f"/proc/{pid}/cwd").samefile(folder)
            and Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[0]
            != "Z"
        )
    except OSError:
        return False


def _workers_in(folder: Path) -> list[int]:
    return [
        int(entry.name)
        for entry in Path("/proc").iterdir()
        if entry.name.isdigit() and _works_in(int(entry.name), folder)
    ]


def _tail(log: Path, start_bytes: int) -> str:
    try:
        with log.open("rb") as said:
            said.seek(start_bytes)
            return said.read()[-16_384:].decode(errors="replace")
    except OSError:
        return ""


def _reason(said: str) -> str:
    """The line that says why: the first FATAL, PANIC or error (later ones follow from it), else the last line."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    telling = [line for line in lines if re.search(r"\b(FATAL|PANIC):|error:", line)]
    return re.sub(r"^.*?\b(?:FATAL|PANIC|error):\s*", "", telling[0]) if telling else (lines[-1] if lines else "")
