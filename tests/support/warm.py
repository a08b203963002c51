"""Runs ``freehold`` in a fork of a process that has imported it: half the CPU of a short command is its import.

Each command is a process of its own all the same, with its own folder, environment and descriptors, and ends as an
interpreter does. It is really executed where its environment differs in what an interpreter reads when it starts.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path

PROGRAM = (sys.executable, "-m", "freehold")
_READ_AT_START = ("PYTHON", "LC_", "LANG")


def run(
    words: Sequence[str], *, cwd: Path, env: Mapping[str, str], stdin: str, timeout_s: float
) -> tuple[int, str, str]:
    """The status, stdout and stderr of a command. Raises subprocess.TimeoutExpired, after killing it."""
    base = _environment()
    same = all(env.get(key) == base.get(key) for key in {*env, *base} if key.startswith(_READ_AT_START))
    if not same:
        done = subprocess.run(
            [*PROGRAM, *words],
            cwd=cwd,
            env=env,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )
        return done.returncode, done.stdout, done.stderr
    with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        given.write(stdin.encode())
        given.seek(0)
        status = _ask({"words": list(words), "cwd": str(cwd), "env": dict(env)}, (given, out, err), timeout_s)
        out.seek(0)
        err.seek(0)
        return status, out.read().decode(), err.read().decode()


def _ask(asked: Mapping[str, object], files: Sequence[object], timeout_s: float) -> int:
    with socket.socket(socket.AF_UNIX) as line:
        line.connect(_server())
        descriptors = [one.fileno() for one in files if hasattr(one, "fileno")]
        text = json.dumps(asked).encode()
        socket.send_fds(line, [len(text).to_bytes(4, "big")], descriptors)
        line.sendall(text)
        answers = line.makefile()
        pid = int(answers.readline())
        line.settimeout(timeout_s)
        try:
            return int(answers.readline())
        except TimeoutError:
            os.kill(pid, signal.SIGKILL)
            raise subprocess.TimeoutExpired([*PROGRAM, str(asked["words"])], timeout_s) from None


@cache
def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONWARNINGS": "error"}


@cache
def _server() -> str:
    """Where the process listens that commands are forked from; it ends with this one."""
    name = f"freehold-tests-{os.getpid()}"
    process = subprocess.Popen(
        [sys.executable, __file__, name],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=_environment(),
        close_fds=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    _KEPT.append(process)
    return f"\0{name}"


_KEPT: list[subprocess.Popen[bytes]] = []


def _serve(name: str) -> list[str]:
    """Returns in each process that is to be a command, with its words."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(f"\0{name}")
        listener.listen(16)
        os.write(1, b"ready\n")
        _devnull(1)
        gc.collect()
        gc.freeze()
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)
        owner = os.getppid()
        listener.settimeout(1)
        while os.getppid() == owner:
            try:
                line, _ = listener.accept()
            except TimeoutError:
                continue
            with line:
                if os.fork() == 0:
                    listener.close()
                    line.settimeout(None)
                    words = _attend(line)
                    if words is None:
                        os._exit(0)
                    return words
    os._exit(0)


def _attend(line: socket.socket) -> list[str] | None:
    """Fork the command, wait for it and tell its status; in the command itself, its words."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    head, descriptors, _, _ = socket.recv_fds(line, 4, 3)
    text = line.makefile("rb").read(int.from_bytes(head, "big"))
    pid = os.fork()
    if pid:
        line.sendall(f"{pid}\n".encode())
        _, status = os.waitpid(pid, 0)
        with suppress(BrokenPipeError):  # who asked may have lost its patience
            line.sendall(f"{os.waitstatus_to_exitcode(status)}\n".encode())
        return None
    asked = json.loads(text)
    for number, descriptor in enumerate(descriptors):
        os.dup2(descriptor, number)
        os.close(descriptor)
    os.chdir(asked["cwd"])
    os.environ.clear()
    os.environ.update(asked["env"])
    words: list[str] = asked["words"]
    return words


def _devnull(descriptor: int) -> None:
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, descriptor)
    os.close(nothing)


def _import() -> None:
    """What commands import, most of it only once they know that they need it."""
    from importlib import import_module

    from freehold.cli.main import SECTIONS

    for name in (name for section in SECTIONS.values() for name in section):
        import_module(f"freehold.cli.commands.{name.replace('-', '_')}")
    import freehold.apply.run
    import freehold.cli.context
    import freehold.cli.verbs
    import freehold.local.declaration
    import freehold.pg.servers
    import freehold.prove.run  # noqa: F401


if __name__ == "__main__":
    from freehold.cli.main import main

    _import()
    sys.argv[1:] = _serve(sys.argv[1])
    main()
