"""The doctor says what binaries can do, and refuses those with known holes."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from freehold.finding import Level
from freehold.pg import doctor
from freehold.pg.embedded import binaries
from freehold.pg.machine import machine
from support.clusters import DEBIAN_15, ram_folder


def codes(findings: tuple[object, ...]) -> set[str]:
    return {getattr(finding, "code", "") for finding in findings}


def test_the_bundled_binaries_have_no_tls_and_much_else() -> None:
    tools = doctor.inspect(binaries.bundled())
    assert tools.version // 10000 == 18
    assert (tools.tls, tools.zstd, tools.lz4, tools.icu) == (False, False, False, False)
    assert {"postgres_fdw", "vector", "pg_stat_statements"} <= set(tools.extensions)
    assert "pgcrypto" not in tools.extensions
    assert {"pg_basebackup", "pg_createsubscriber", "psql"} <= set(tools.programs)
    assert tools.usable
    assert "doctor_no_tls" in codes(tools.findings)


@pytest.mark.skipif(not DEBIAN_15.exists(), reason="PostgreSQL 15 is not installed here")
def test_the_distributions_binaries_have_tls_and_compression() -> None:
    tools = doctor.inspect(DEBIAN_15)
    assert tools.version // 10000 == 15
    assert (tools.tls, tools.zstd, tools.lz4, tools.icu) == (True, True, True, True)
    assert "pgcrypto" in tools.extensions
    assert "doctor_no_tls" not in codes(tools.findings)


def test_without_pg_config_the_program_itself_is_asked() -> None:
    place = ram_folder()
    program = place / "postgres"
    program.write_bytes(b"#!/bin/sh\necho 'postgres (PostgreSQL) 17.11'\n# libssl.so.3 liblz4.so.1\n")
    program.chmod(0o755)
    try:
        tools = doctor.inspect(place)
        assert (tools.version, tools.tls, tools.lz4, tools.zstd, tools.icu) == (170011, True, True, False, False)
        assert not tools.usable  # initdb and pg_ctl are missing
        assert {f.object for f in tools.findings if f.level is Level.ERROR} == {'program "initdb"', 'program "pg_ctl"'}
    finally:
        program.unlink()
        place.rmdir()


@pytest.mark.parametrize(
    ("version", "level"),
    [
        (180003, Level.ERROR), (180004, Level.WARNING), (180006, None), (170009, Level.ERROR), (170010, Level.WARNING),
        (170011, None), (160013, Level.ERROR), (160014, Level.WARNING), (160015, None), (150017, Level.ERROR),
        (150018, Level.WARNING), (150019, None), (140023, Level.ERROR), (190000, Level.WARNING),
    ],
)  # fmt: skip
def test_versions_with_known_holes_are_refused(version: int, level: Level | None) -> None:
    assert [finding.level for finding in doctor.gate(version, "/x")] == ([] if level is None else [level])


def test_folders_that_hold_no_postgresql_are_said(tmp_path: Path) -> None:
    for place in (tmp_path / "absent", ram_folder()):
        tools = doctor.inspect(place)
        assert not tools.usable
        assert tools.findings[0].code == "doctor_binaries_unusable"
        assert tools.findings[0].remedy
    place.rmdir()


def test_a_diagnosis_names_account_folder_and_driver() -> None:
    found = doctor.diagnose({"FREEHOLD_DATA": "/dev/shm/never-made", "HOME": "/nowhere"})
    assert found.data_root == "/dev/shm/never-made"
    assert not Path(found.data_root).exists()
    assert found.libpq >= 160000
    assert found.psycopg.startswith("3.")
    assert found.free_bytes > 0
    assert [one.version // 10000 for one in found.tools] == [18]
    wrong = doctor.diagnose({"FREEHOLD_OS_USER": "no-such-account", "FREEHOLD_DATA": "/dev/shm/never-made"})
    if stat.S_ISDIR(Path("/root").stat().st_mode) and found.account != wrong.account:
        assert "doctor_account" in codes(wrong.findings)


def control_group(root: Path, **files: str) -> Path:
    (root / "proc/self").mkdir(parents=True)
    (root / "proc/meminfo").write_text("MemTotal:       1048576 kB\n")
    (root / "proc/self/cgroup").write_text("0::/outer/inner\n")
    (root / "sys/fs/cgroup/outer/inner").mkdir(parents=True)
    for name, text in files.items():
        level, _, file = name.partition("_")
        (
            root / "sys/fs/cgroup" / {"outer": "outer", "inner": "outer/inner"}[level] / file.replace("_", ".")
        ).write_text(text)
    return root


def test_memory_is_that_of_the_tightest_control_group(tmp_path: Path) -> None:
    assert machine(control_group(tmp_path / "a")).memory_bytes == 1024**3
    limited = control_group(tmp_path / "b", outer_memory_max=str(256 * 1024**2), inner_memory_max="max")
    assert machine(limited).memory_bytes == 256 * 1024**2
    wide = control_group(tmp_path / "c", inner_memory_max=str(64 * 1024**3))
    assert machine(wide).memory_bytes == 1024**3


def test_processors_are_those_of_the_quota(tmp_path: Path) -> None:
    assert machine(control_group(tmp_path / "a", inner_cpu_max="100000 100000")).cpus == 1
    assert machine(control_group(tmp_path / "b", inner_cpu_max="50000 100000")).cpus == 1
    assert machine(control_group(tmp_path / "c", inner_cpu_max="max 100000")).cpus >= 1
    assert machine().memory_bytes > 64 * 1024**2
