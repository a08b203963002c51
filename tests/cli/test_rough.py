"""The program under rough treatment: interrupted, killed, twice at once, hostile names, no room to write."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from freehold.pg.embedded.ports import free
from support.command import Desk, desk
from support.examples import SOAK
from support.readonly import read_only

HOSTILE = "we\"ird 'na\\me <img src=x onerror=1> [bold]"
LONG = "ü" * 20


def platform(folder: Path, text: str) -> None:
    (folder / "freehold.yaml").write_text(text, encoding="utf-8")


SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGKILL)
MOMENTS_S = (0.25, 0.7, 1.2, 1.8)
INTERRUPTED = [(how, at) for n, at in enumerate(MOMENTS_S) for m, how in enumerate(SIGNALS) if SOAK or n % 3 == m]


@pytest.mark.parametrize(("how", "after_s"), INTERRUPTED, ids=[f"{how.name}-{at}" for how, at in INTERRUPTED])
def test_an_interrupted_up_is_finished_by_the_next(how: signal.Signals, after_s: float, bench: Desk) -> None:
    bench.run("init")
    process = bench.start("up")
    time.sleep(after_s)
    process.send_signal(how)
    out, _ = process.communicate(timeout=60)
    if how is signal.SIGINT and process.returncode not in (0, 2):
        # ended by the signal itself while Python was still starting or already leaving: a shell shows 130 for both
        assert process.returncode in (130, -signal.SIGINT), out
        assert "Traceback" not in out
    again = bench.run("up")
    assert again.status == 0, again.all
    assert bench.run("diff").status == 0


def test_two_ups_at_once_both_end_well(bench: Desk) -> None:
    bench.run("init")
    both = [bench.start("up"), bench.start("up")]
    ends = [(process.communicate(timeout=120)[0], process.returncode) for process in both]
    assert any(status == 0 for _, status in ends), ends
    for out, status in ends:
        assert status == 0 or "error:" in out, out
        assert "Traceback" not in out
        assert "unexpected" not in out
    assert bench.run("up").status == 0


def test_two_applies_at_once_do_not_interleave(bench: Desk) -> None:
    bench.run("init")
    assert bench.run("up", "--no-prove").status == 0
    admin = bench.run("url", "--admin", "main").out.strip()
    bench.psql(admin, "ALTER ROLE shop_orders_app CONNECTION LIMIT 1")
    both = [bench.start("apply", "--yes"), bench.start("apply", "--yes")]
    ends = [(process.communicate(timeout=60)[0], process.returncode) for process in both]
    assert any(status == 0 for _, status in ends), ends
    for out, status in ends:
        assert status == 0 or "changed since the plan was made" in out, out
    assert bench.run("plan").status == 0


def test_hostile_names_are_ordinary(bench: Desk) -> None:
    platform(
        bench.folder,
        "platform: shop\n"
        "services:\n"
        f"  {_yaml(HOSTILE)}:\n"
        f"    schemas: [{_yaml(HOSTILE)}, {_yaml(LONG)}]\n"
        f"  {_yaml(LONG)}:\n"
        "    schemas: [plain]\n",
    )
    up = bench.run("up")
    assert up.status == 0, up.all
    for command in ("status", "plan", "diff", "journal"):
        said = bench.run(command)
        assert said.status == 0, said.all
        assert "unexpected" not in said.all
    url = bench.run("url", HOSTILE).out.strip()
    assert bench.psql(url, "SELECT current_user") == [(f"shop_{HOSTILE}_app",)]
    html = bench.run("prove", "--html", "p.html")
    assert html.status == 0, html.all
    assert "<img src=x" not in (bench.folder / "p.html").read_text()
    assert bench.run("down", "--purge", "--confirm", "shop").status == 0


def test_a_declared_port_that_is_taken_is_an_error_that_names_it(bench: Desk) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        platform(
            bench.folder,
            f"platform: shop\nserver: {{port: {port}}}\nservices: {{orders: {{schemas: [orders]}}}}\n",
        )
        said = bench.run("up")
    assert said.status == 1
    assert str(port) in said.err
    assert "unexpected" not in said.err


def test_programs_that_are_too_old_are_told_and_nothing_is_made(bench: Desk) -> None:
    programs = bench.folder / "old"
    programs.mkdir()
    (programs / "postgres").write_text("#!/bin/sh\necho 'postgres (PostgreSQL) 14.18'\n")
    (programs / "postgres").chmod(0o755)
    platform(bench.folder, "platform: shop\nserver: {binaries: old}\nservices: {orders: {schemas: [orders]}}\n")
    said = bench.run("up")
    assert said.status == 1, said.all
    assert "holds PostgreSQL 14" in said.err
    assert "PostgreSQL 15 or newer" in said.err
    assert not list(bench.data.rglob("PG_VERSION"))


def test_two_services_on_one_port_are_told_at_their_lines(bench: Desk) -> None:
    platform(
        bench.folder,
        "platform: shop\nlayout: instance-per-service\nservices:\n"
        "  orders: {schemas: [orders], port: 5601}\n  billing: {schemas: [billing], port: 5601}\n",
    )
    said = bench.run("up")
    assert said.status == 1, said.all
    assert "freehold.yaml:4:" in said.err
    assert '"billing"' in said.err
    assert "port_clash" in said.err
    assert "5601" in said.err
    assert not bench.data.exists()


def test_ports_are_free_ones_when_nothing_is_declared() -> None:
    with desk() as one, desk() as other:
        ports = []
        for found in (one, other):
            found.run("init")
            up = found.run("up", "--no-prove", "--json")
            assert up.status == 0, up.all
            instances = up.document()["instances"]
            assert isinstance(instances, list)
            ports.append(instances[0]["port"])
        assert ports[0] != ports[1]


def test_a_port_that_another_layout_will_want_is_left_free(bench: Desk) -> None:
    first, second = [port for port in range(5432, 6000) if free(port)][:2]
    platform(
        bench.folder,
        "platform: shop\nlayout: database-per-service\nservices:\n"
        f"  orders: {{schemas: [orders], port: {first}}}\n  billing: {{schemas: [billing], port: {second}}}\n",
    )
    up = bench.run("up", "--no-prove", "--json")
    assert up.status == 0, up.all
    instances = up.document()["instances"]
    assert isinstance(instances, list)
    assert instances[0]["port"] not in (first, second), instances
    before = instances[0]["port"]
    assert bench.run("down").status == 0
    again = bench.run("up", "--no-prove", "--json").document()["instances"]
    assert isinstance(again, list)
    assert again[0]["port"] == before or not free(before), "an instance keeps the port it has"


def everything(*folders: Path) -> dict[str, tuple[int, int]]:
    """All that is in the folders, with size and time of the last change."""
    return {
        str(path): (path.lstat().st_size, path.lstat().st_mtime_ns)
        for folder in folders
        if folder.exists()
        for path in sorted(folder.rglob("*"))
    }


def test_a_read_only_folder_beside_the_declaration_is_told_and_nothing_is_half_made(bench: Desk) -> None:
    bench.run("init")
    before = everything(bench.folder, bench.data)
    with read_only(bench.folder):
        for words in (["up"], ["up", "--json"]):
            said = bench.run(*words)
            assert said.status == 1, said.all
            assert f'cannot use "{bench.folder / ".freehold"}' in said.err
            assert "writable" in said.err
        assert bench.run("validate").status == 0
        # no program was copied, no server made, no password drawn
        assert everything(bench.folder, bench.data) == before
    assert bench.run("up", "--no-prove").status == 0


def test_what_is_up_can_be_looked_at_from_a_folder_that_has_become_read_only(bench: Desk) -> None:
    bench.run("init")
    assert bench.run("up", "--no-prove").status == 0
    before = everything(bench.folder)
    with read_only(bench.folder):
        for words in (["status"], ["plan"], ["diff"], ["journal"], ["url", "orders"], ["prove"], ["up", "--no-prove"]):
            said = bench.run(*words)
            assert said.status == 0, (words, said.all)
        assert everything(bench.folder) == before


def test_a_read_only_data_folder_is_told_and_nothing_is_half_made(bench: Desk) -> None:
    bench.run("init")
    bench.data.mkdir(mode=0o711)
    with read_only(bench.data):
        said = bench.run("up")
        assert said.status == 1, said.all
        assert f'cannot use "{bench.data}' in said.err
        assert "FREEHOLD_DATA" in said.err
        assert everything(bench.data) == {}
    assert bench.run("up", "--no-prove").status == 0


def test_the_data_of_a_stopped_server_that_has_become_read_only_is_told(bench: Desk) -> None:
    bench.run("init")
    assert bench.run("up", "--no-prove").status == 0
    assert bench.run("down").status == 0
    before = everything(bench.data)
    with read_only(bench.data):
        said = bench.run("up")
        assert said.status == 1, said.all
        assert "cannot use" in said.err or "did not start" in said.err, said.err
        assert "Traceback" not in said.all
        assert "unexpected" not in said.all
        assert everything(bench.data) == before
        assert bench.run("status").status == 3
    assert bench.run("up", "--no-prove").status == 0


def test_a_file_in_the_place_of_the_local_folder_is_told(bench: Desk) -> None:
    bench.run("init")
    (bench.folder / ".freehold").write_text("")
    said = bench.run("up")
    assert said.status == 1
    assert "is not a folder" in said.err


def test_a_broken_pipe_is_no_error(bench: Desk) -> None:
    bench.run("init")
    done = subprocess.run(
        ["sh", "-c", f"'{sys.executable}' -m freehold schema | head -n 1"],
        cwd=bench.folder,
        env=bench.environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "{\n"
    assert done.stderr == ""


def test_a_reboot_is_survived(bench: Desk) -> None:
    bench.run("init")
    assert bench.run("up", "--no-prove").status == 0
    admin = bench.run("url", "--admin", "main").out.strip()
    rows = bench.psql(admin, "SELECT pg_read_file('postmaster.pid')")
    pid = int(str(rows[0][0]).splitlines()[0])
    os.kill(pid, signal.SIGQUIT)
    deadline = time.monotonic() + 20
    while Path(f"/proc/{pid}").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert bench.run("status").status == 3
    assert bench.run("up", "--no-prove").status == 0


def _yaml(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
