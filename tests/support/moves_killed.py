"""Switches of services that a test kills: begun in a process group of its own, their watchdogs, what clients see."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Mapping

from freehold.move.run.switching import Limits
from support.command import PROGRAM, Desk
from support.traffic import Clients

BUDGET_S = Limits().pause_ms / 1000
"""How long a switch may hold clients back, unless it is told otherwise."""
BEYOND_S = 2.0
"""How much later a service must be written again, whatever died in its switch; without a person."""

Moment = Mapping[str, str]
"""What an event of a switch says."""
WATCHED: Moment = {"event": "watchdog", "state": "started"}
SERVED: Moment = {"event": "step_done", "step": "redirect"}
UNWATCHED: Moment = {"event": "watchdog", "state": "ended"}
PAUSED: tuple[Moment, ...] = (
    {"event": "pause_begun"},
    *({"event": "step_begun", "step": step} for step in ("hold", "fence", "drain", "sequences", "open", "redirect")),
)


def begin(found: Desk, *words: str) -> subprocess.Popen[bytes]:
    """``freehold move`` with these words, in the background."""
    return subprocess.Popen(
        [*PROGRAM, "move", *words, "--lag", "5s"],
        cwd=found.folder,
        env=found.environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def streamed(found: Desk, *words: str) -> subprocess.Popen[str]:
    """``freehold move`` with these words and --json, whose lines can be read as they come."""
    return subprocess.Popen(
        [*PROGRAM, "move", *words, "--json"],
        cwd=found.folder,
        env=found.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def until(process: subprocess.Popen[str], **keys: object) -> list[dict[str, object]]:
    """The events up to the first that has these keys."""
    seen: list[dict[str, object]] = []
    assert process.stdout is not None
    for line in process.stdout:
        seen.append(json.loads(line))
        if keys.items() <= seen[-1].items():
            return seen
    raise AssertionError((keys, seen[-5:]))


def killed_at(found: Desk, moment: Moment, later_s: float, *words: str) -> None:
    """``freehold move`` with these words, killed so much later than at this moment."""
    one = streamed(found, *words, "--lag", "5s")
    until(one, **moment)
    time.sleep(later_s)
    os.killpg(one.pid, signal.SIGKILL)
    one.communicate()


def watchdogs(found: Desk) -> list[int]:
    """Process ids of watchdogs of moves of this platform."""
    looked = f"freehold move watchdog -f {found.folder}/"
    told = subprocess.run(["pgrep", "-f", looked], capture_output=True, text=True, check=False)
    return [int(line) for line in told.stdout.split()]


def served_again(clients: Clients, within_s: float = BUDGET_S + BEYOND_S) -> float:
    """How long until each service confirms a write again, in s; no longer than ``within_s``."""
    began = time.monotonic()
    before = {name: len(numbers) for name, numbers in clients.confirmed.items()}
    while any(len(clients.confirmed[name]) == count for name, count in before.items()):
        assert clients.reconnects or not clients.errors, clients.errors
        assert time.monotonic() - began < within_s, clients.errors[-3:]
        time.sleep(0.01)
    return time.monotonic() - began
