"""Runs the command line as a person would: another process, a folder of its own, no terminal."""

from __future__ import annotations

import json
import os
import pty
import select
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from support import warm
from support.clusters import ram_folder
from support.warm import PROGRAM


@dataclass(frozen=True)
class Said:
    """What a command answered."""

    status: int
    out: str
    err: str

    @property
    def all(self) -> str:
        return self.out + self.err

    def document(self) -> dict[str, object]:
        """The JSON document on stdout: the only one, or the last line of a stream."""
        found = json.loads(self.out if self.out.startswith("{\n") else self.out.splitlines()[-1])
        assert isinstance(found, dict)
        return found


@dataclass(frozen=True)
class Desk:
    """A folder to work in, and where embedded servers keep their data."""

    folder: Path
    data: Path

    def environment(self, extra: Mapping[str, str] | None = None) -> dict[str, str]:
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("FREEHOLD", "PG"))}
        return {**kept, "FREEHOLD_DATA": str(self.data), "COLUMNS": "200", "PYTHONWARNINGS": "error", **(extra or {})}

    def run(
        self,
        *words: str | Path,
        env: Mapping[str, str] | None = None,
        timeout_s: float = 120,
        cwd: Path | None = None,
        stdin: str = "",
    ) -> Said:
        """Run ``freehold`` with these words."""
        return Said(
            *warm.run(
                [str(word) for word in words],
                cwd=cwd or self.folder,
                env=self.environment(env),
                stdin=stdin,
                timeout_s=timeout_s,
            )
        )

    def start(self, *words: str | Path) -> subprocess.Popen[str]:
        """Start ``freehold`` in a process group of its own, to be interrupted."""
        return subprocess.Popen(
            [*PROGRAM, *map(str, words)],
            cwd=self.folder,
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def on_terminal(self, words: Sequence[str], answer: str = "", timeout_s: float = 60, columns: int = 200) -> Said:
        """Run ``freehold`` on a pseudo-terminal and type ``answer`` once it asks."""
        master, slave = pty.openpty()
        environment = self.environment({"TERM": "xterm-256color", "COLUMNS": str(columns)})
        environment.pop("CI", None)
        process = subprocess.Popen(
            [*PROGRAM, *words],
            cwd=self.folder,
            env=environment,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            close_fds=True,
        )
        os.close(slave)
        seen = b""
        typed = not answer
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            ready, _, _ = select.select([master], [], [], 0.2)
            if ready:
                try:
                    chunk = os.read(master, 65536)
                except OSError:
                    break
                if not chunk:
                    break
                seen += chunk
                if not typed and seen.rstrip().endswith(b":"):
                    os.write(master, answer.encode() + b"\n")
                    typed = True
            elif process.poll() is not None:
                break
        process.wait(timeout=timeout_s)
        os.close(master)
        return Said(process.returncode, seen.decode("utf-8", "replace"), "")

    def secrets(self) -> list[str]:
        """Every password and verifier that the folder's secrets file holds."""
        document = json.loads((self.folder / ".freehold" / "secrets.json").read_text())
        return [text for entry in document["roles"].values() for text in entry.values() if text]

    def psql(self, url: str, sql: str) -> list[tuple[object, ...]]:
        """Run one statement over a connection string, as any client would."""
        import psycopg

        with psycopg.connect(url, autocommit=True) as connection:
            cursor = connection.execute(sql.encode())
            return cursor.fetchall() if cursor.description else []


@contextmanager
def desk() -> Iterator[Desk]:
    """A Desk; its servers are stopped and its folders removed afterwards, whatever happens."""
    base = ram_folder()
    folder = base / "work"
    folder.mkdir()
    found = Desk(folder, base / "data")
    try:
        yield found
    finally:
        for declaration in sorted(folder.rglob("freehold.yaml")):
            if ".freehold" not in declaration.parts:
                found.run("down", "-f", declaration)
        shutil.rmtree(base, ignore_errors=True)
