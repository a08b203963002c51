"""A port that somebody takes while ``up`` restarts the server: what names the old one follows to the new one."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
import threading
import time

from support.command import Desk

DECLARATION = """\
platform: shop
layout: instance-per-service
services:
  orders:
    schemas: [orders]
    reads: [users.account]
  users:
    schemas: [users]
    migrations: users
    publishes: [users.account]
"""


class Thief:
    """Takes a port in the moment in which nobody listens there."""

    def __init__(self) -> None:
        self.took = threading.Event()
        self._held = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._ends = threading.Event()

    def waits_at(self, port: int) -> None:
        threading.Thread(target=self._wait, args=(port,), daemon=True).start()

    def _wait(self, port: int) -> None:
        while not self._ends.is_set():
            try:
                self._held.bind(("127.0.0.1", port))
                self._held.listen()
            except OSError:
                time.sleep(0.001)
            else:
                self.took.set()
                return

    def leaves(self) -> None:
        self._ends.set()
        self._held.close()


def test_what_leads_to_a_server_follows_its_port(bench: Desk) -> None:
    (bench.folder / "freehold.yaml").write_text(DECLARATION)
    (bench.folder / "users").mkdir()
    (bench.folder / "users" / "001.sql").write_text(
        "CREATE TABLE account (id bigint PRIMARY KEY); INSERT INTO account VALUES (7)"
    )
    thief = Thief()
    up = subprocess.Popen(
        [sys.executable, "-m", "freehold", "up"],
        cwd=bench.folder,
        env=bench.environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    said, first = [], 0
    assert up.stderr is not None
    for line in up.stderr:
        said.append(line)
        if started := re.search(r'instance "users" started on port (\d+)', line):
            first = int(started[1])
            thief.waits_at(first)
    up.stderr.close()
    try:
        assert up.wait(60) == 0, "".join(said)
        assert thief.took.is_set(), "".join(said)
        assert first
        # orders reads through a foreign server, which must lead to where users is now
        url = bench.run("url", "orders").out.strip()
        assert bench.psql(url, "SELECT id FROM users.account") == [(7,)]
        assert f":{first}/" not in bench.run("url", "users").out
        assert f":{first}/" not in (bench.folder / ".freehold" / "env" / "users.env").read_text()
        plan = bench.run("plan")
        assert plan.status == 0, plan.all
        assert bench.run("prove").status == 0
    finally:
        thief.leaves()
