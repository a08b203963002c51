"""The PgBouncer program on this machine: where it is, and what its version can and cannot do."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from freehold.errors import LocalStateError
from freehold.finding import Evidence, Finding, Level

PLACES = ("/usr/sbin", "/usr/local/sbin", "/usr/local/bin")
"""Where packages put it; an ordinary user's PATH often leaves the sbin folders out."""

FACTS: tuple[tuple[tuple[int, int, int], str], ...] = (
    ((1, 21, 0), "prepared statements of clients fail in transaction mode: clients must turn them off"),
    ((1, 24, 1), "CVE-2025-2291: the authentication query lets a password in after its VALID UNTIL"),
    ((1, 25, 1), "CVE-2025-12819: search_path of an unauthenticated client reaches the authentication query"),
    ((1, 25, 2), "CVE-2026-6664: a malformed SCRAM packet of an unauthenticated client ends the process"),
)
"""What is wrong with every version before the one named, oldest first."""


@dataclass(frozen=True, slots=True)
class Program:
    """One PgBouncer. ``version`` is (major, minor, patch)."""

    path: Path
    version: tuple[int, int, int]
    tls: bool

    @property
    def wrong(self) -> tuple[str, ...]:
        """What this version cannot do, or does wrong."""
        return tuple(text for since, text in FACTS if self.version < since)

    def shown(self) -> str:
        return ".".join(str(part) for part in self.version)


def findings(program: Program | None) -> tuple[Finding, ...]:
    """What a person should know about the PgBouncer of this machine before relying on it."""
    if program is None:
        return (
            Finding(
                "doctor_no_pgbouncer",
                Level.INFO,
                "",
                "program pgbouncer",
                "PgBouncer is not installed",
                "Declared pools cannot run here; services then connect directly.",
                (Evidence("pgbouncer was found neither on PATH nor where packages put it"),),
                "apt-get install pgbouncer",
            ),
        )
    return tuple(
        Finding(
            "doctor_pgbouncer_version",
            Level.WARNING,
            "",
            f'program "{program.path}"',
            f"PgBouncer {program.shown()}: {text}",
            f"From {'.'.join(map(str, since))} on this is not so.",
            (Evidence(f"PgBouncer {program.shown()}"),),
            f"Install PgBouncer {'.'.join(map(str, since))} or newer, and name it in FREEHOLD_PGBOUNCER.",
        )
        for since, text in FACTS
        if program.version < since
    )


def find(environment: Mapping[str, str]) -> Program | None:
    """FREEHOLD_PGBOUNCER, else ``pgbouncer`` on PATH and where packages put it; None when there is none.

    Raises LocalStateError when the program named by FREEHOLD_PGBOUNCER cannot be run.
    """
    named = environment.get("FREEHOLD_PGBOUNCER", "")
    search = ":".join((environment.get("PATH", ""), *PLACES))
    path = named or shutil.which("pgbouncer", path=search)
    if not path:
        return None
    try:
        said = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=10, check=False).stdout
    except (OSError, subprocess.TimeoutExpired) as error:
        raise LocalStateError(
            f'"{path}" cannot be run: {error}', hint="Correct FREEHOLD_PGBOUNCER, or install pgbouncer."
        ) from None
    found = re.search(r"PgBouncer (\d+)\.(\d+)(?:\.(\d+))?", said)
    if found is None:
        raise LocalStateError(
            f'"{path}" is not PgBouncer', hint="Let FREEHOLD_PGBOUNCER name the program, or install pgbouncer."
        )
    major, minor, patch = (int(part or 0) for part in found.groups())
    return Program(Path(path), (major, minor, patch), tls=re.search(r"^tls: (?!none|no\b)", said, re.M) is not None)
