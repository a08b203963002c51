"""The watchdog of a switch: a process that frees the service when the one that switches it dies or hangs.

It is started before anybody is held back and reads from a pipe. ``served`` ends the pause, ``done`` ends it. The end of
the pipe without that word means that the other process is gone, and so does a pause that is over its limit: then that
process is killed first, so that nobody works on the switch twice. What it does is ``heal``, again and again until the
servers answer.
"""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from freehold.errors import FreeholdError, Unreachable
from freehold.move.events import Dog, Event, Watchdog
from freehold.move.model import Move

READY_S = 20.0
GRACE_MS = 1_000.0
"""Past the limit of a pause, before the process that holds it is killed: it frees the service itself where it can."""
HEAL_FOR_S = 3_600.0
BRIEFLY_S, LONGER_S = 2, 10
_BRIEF_TRIES = 5
_AGAIN_S = 0.2


@contextmanager
def watched(path: Path, move: Move, pause_ms: float, tell: Callable[[Event], None]) -> Iterator[Callable[[], None]]:
    """A watchdog for as long as the block lasts; when the block fails, it heals, and is waited for. The function says
    that the service is served, and that this is written down: the block may then take its time. What it leaves when it
    dies is still healed; when it fails, that is told at once, for nobody waits for a healing any more."""
    command = [sys.executable, "-m", "freehold", "move", "watchdog", "-f", str(path), "--service", move.service]
    command += ["--pause", f"{pause_ms:.0f}ms", "--parent", str(os.getpid())]
    from freehold.move.run.notnow import NotNow

    # a session of its own: Ctrl-C on the terminal must not reach it
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True
    ) as dog:
        assert dog.stdin is not None
        assert dog.stdout is not None
        ready, _, _ = select.select([dog.stdout], [], [], READY_S)
        if not ready or dog.stdout.readline() != b"ready\n":
            dog.kill()
            raise NotNow(
                "the watchdog of the switch did not start", hint="Nobody was held back. Run the command again."
            )
        tell(Watchdog(Dog.STARTED, dog.pid))
        pipe, over = dog.stdin.fileno(), threading.Event()
        try:
            _tell(pipe, b"go\n")

            def served() -> None:
                _tell(pipe, b"served\n")
                over.set()

            yield served
        except BaseException as error:
            if over.is_set() or isinstance(error, NotNow):
                _tell(pipe, b"done\n")
                raise
            tell(Watchdog(Dog.HEALING, dog.pid))
            dog.stdin.close()
            with suppress(subprocess.TimeoutExpired):
                dog.wait(timeout=HEAL_FOR_S)
                if side := dog.stdout.read().decode().strip():
                    tell(Watchdog(Dog.HEALED, dog.pid, side))
            raise
        _tell(pipe, b"done\n")
    tell(Watchdog(Dog.ENDED, dog.pid))


def get_ready() -> None:
    """Load what healing needs: afterwards clients wait for it."""
    import freehold.move.run.healing
    import freehold.pg.dump
    import freehold.pg.embedded
    import freehold.pg.pgbouncer  # noqa: F401  # each is asked for where it is used


def watch(pause_ms: float, parent: int) -> bool:
    """Wait for the word that the switch is over; False when it must be healed. The parent is gone then."""
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    deadline: float | None = None
    said = b""
    while True:
        left = None if deadline is None else max(0.0, deadline - time.monotonic())
        readable, _, _ = select.select([0], [], [], left)
        if not readable:
            with suppress(ProcessLookupError):
                os.kill(parent, signal.SIGKILL)
            return False
        got = os.read(0, 4096)
        if not got:
            return False
        said += got
        if b"done\n" in said:
            return True
        if b"served\n" in said:
            deadline = None
        elif b"go\n" in said and deadline is None:
            deadline = time.monotonic() + (pause_ms + GRACE_MS) / 1000


def until_healed(heal: Callable[[int], str], revive: Callable[[], bool], log: Path) -> str:
    """Call ``heal`` until it succeeds; what it returned. It is told how long to wait for a host that does not answer:
    briefly at first, for the other one may serve by itself, and longer where both are needed. Where a server does not
    answer, ``revive`` starts those of our own that died, after the service is served where that can be done without
    them. Writes down what it met. Raises its last error."""
    deadline = time.monotonic() + HEAL_FOR_S
    tries = 0
    while True:
        tries += 1
        waits_s = BRIEFLY_S if tries <= _BRIEF_TRIES else LONGER_S
        try:
            try:
                side = heal(waits_s)
            except Unreachable:
                revive()
                raise
        except FreeholdError as error:
            _note(log, f"not yet: {error.message}")
            if time.monotonic() >= deadline:
                raise
            time.sleep(_AGAIN_S)
            continue
        _note(log, f"the service is served by its {side}")
        with suppress(FreeholdError):
            if revive():
                heal(LONGER_S)
        return side


def _note(log: Path, what: str) -> None:
    with suppress(OSError), log.open("a", encoding="utf-8") as out:
        out.write(f"{time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime())} {os.getpid()} {what}\n")


def _tell(pipe: int, word: bytes) -> None:
    with suppress(BrokenPipeError):
        os.write(pipe, word)
