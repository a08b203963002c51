"""A watchdog limits the pause, not what comes after it, and takes over when the process that switches is gone."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from freehold.cli import watching
from freehold.errors import FreeholdError
from freehold.move.events import Dog, Event, Watchdog
from support.switching import MOVE

WATCH = "import sys; from freehold.cli.watching import watch; print(watch(float(sys.argv[1]), int(sys.argv[2])))"
PAUSE_MS = 100.0
OVER_S = (PAUSE_MS + watching.GRACE_MS) / 1000 + 0.5


@contextmanager
def watched() -> Iterator[tuple[subprocess.Popen[str], subprocess.Popen[bytes]]]:
    """A watchdog that is ready, and the process that it watches."""
    with subprocess.Popen(["sleep", "100"]) as switching:
        command = [sys.executable, "-c", WATCH, str(PAUSE_MS), str(switching.pid)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as dog:
            assert dog.stdout is not None
            assert dog.stdout.readline() == "ready\n"
            yield dog, switching
            switching.kill()


def say(dog: subprocess.Popen[str], *words: str) -> None:
    assert dog.stdin is not None
    dog.stdin.write("".join(f"{word}\n" for word in words))
    dog.stdin.flush()


@pytest.mark.parametrize(("words", "killed"), [(("go",), True), (("go", "served"), False), ((), False)])
def test_only_a_pause_has_a_limit(words: tuple[str, ...], killed: bool) -> None:
    with watched() as (dog, switching):
        say(dog, *words)
        time.sleep(OVER_S)
        assert (switching.poll() is not None) is killed
        out, _ = dog.communicate("" if killed else "done\n")
        assert out == f"{not killed}\n"


def test_who_dies_after_the_pause_is_healed_too() -> None:
    with watched() as (dog, _):
        say(dog, "go", "served")
        out, _ = dog.communicate()
        assert out == "False\n"


@pytest.mark.parametrize("served", [True, False])
def test_a_failure_once_the_service_is_served_is_told_and_not_healed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, served: bool
) -> None:
    heard = tmp_path / "heard"
    dog = tmp_path / "dog"
    dog.write_text(f"#!/bin/sh\necho ready\ncat > {heard}\n")
    dog.chmod(0o755)
    monkeypatch.setattr(watching.sys, "executable", str(dog))
    told: list[Event] = []

    def switching() -> None:
        with watching.watched(tmp_path / "freehold.yaml", MOVE, 100.0, told.append) as over:
            if served:
                over()
            raise FreeholdError("a foreign key waits")

    with pytest.raises(FreeholdError, match="a foreign key waits"):
        switching()
    assert heard.read_text() == ("go\nserved\ndone\n" if served else "go\n")
    healing = [one for one in told if isinstance(one, Watchdog) and one.state is Dog.HEALING]
    assert len(healing) == (0 if served else 1)
