"""Switches of services that a test kills: begun in a process group of its own, their watchdogs, what clients see."""

from __future__ import annotations

import json
import subprocess
import time

from support.command import PROGRAM, Desk
from support.traffic import Clients

SERVED_AGAIN_S = 30.0
"""Far above the limit of the pause: machines that run tests are busy. What is measured is printed."""


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


def watchdogs(found: Desk) -> list[int]:
    """Process ids of watchdogs of moves of this platform."""
    looked = f"freehold move watchdog -f {found.folder}/"
    told = subprocess.run(["pgrep", "-f", looked], capture_output=True, text=True, check=False)
    return [int(line) for line in told.stdout.split()]


def served_again(clients: Clients) -> float:
    """How long until each service confirms a write again, in s."""
    began = time.monotonic()
    before = {name: len(numbers) for name, numbers in clients.confirmed.items()}
    while any(len(clients.confirmed[name]) == count for name, count in before.items()):
        assert clients.reconnects or not clients.errors, clients.errors
        assert time.monotonic() - began < SERVED_AGAIN_S, clients.errors[-3:]
        time.sleep(0.01)
    return time.monotonic() - began
