"""A pool whose port belongs to somebody else: it takes the next one, or says whose fault it is."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from freehold.errors import LocalStateError
from freehold.pg.embedded.account import Account, choose
from freehold.pg.pgbouncer import PgBouncers, State
from freehold.pg.pgbouncer.process import START_TIMEOUT_S
from freehold.pool.model import Auth, Bouncer, Login
from support.clusters import ram_folder

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(
        shutil.which("pgbouncer", path="/usr/sbin:/usr/bin") is None, reason="PgBouncer is not installed"
    ),
]
LOGINS = (Login("freehold", "md5" + "0" * 32),)


def bouncer(port: int | None = None, processes: int = 1) -> Bouncer:
    return Bouncer("orders", port, processes, (), Auth.FILE, "freehold", "shop_pool", 1_000, 1_000, reset=True)


def listening(port: int = 0) -> socket.socket:
    taken = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        taken.bind(("127.0.0.1", port))
    except OSError:
        taken.close()
        raise
    taken.listen()
    return taken


@dataclass(frozen=True)
class Robbed(Account):
    """An account under which the port that a PgBouncer was given is taken in the moment in which it starts."""

    times: int = 1
    taken: list[socket.socket] = field(default_factory=list)

    def run(
        self, command: Sequence[str | Path], timeout_s: float | None = None, said: str = ""
    ) -> subprocess.CompletedProcess[str]:
        if len(self.taken) < self.times:
            lines = Path(command[-1]).read_text().splitlines()
            (port,) = [line.rpartition("=")[2] for line in lines if line.startswith("listen_port")]
            with suppress(OSError):  # a pool of another test was faster: taken all the same
                self.taken.append(listening(int(port)))
        return super().run(command, timeout_s, said)

    @property
    def ports(self) -> list[int]:
        return [one.getsockname()[1] for one in self.taken]


@pytest.fixture
def folder() -> Iterator[Path]:
    found = ram_folder()
    yield found
    shutil.rmtree(found)


@pytest.fixture
def robbed() -> Iterator[Robbed]:
    own = choose(os.environ)
    account = Robbed(own.name, own.uid, own.gid, own.hands_over)
    yield account
    for one in account.taken:
        one.close()


def up(folder: Path, account: Account, wanted: Bouncer) -> tuple[State, int]:
    """Start it; its state, and the port at which somebody answers as PgBouncer does."""
    pools = PgBouncers(folder, account, os.environ)
    try:
        (state,) = pools.up([wanted], lambda _: LOGINS, "x")
        with closing(socket.create_connection((state.host, state.port), timeout=10)) as client:
            client.sendall(b"\x00\x00\x00\x08\x04\xd2\x16\x2f")  # SSLRequest: a server says S or N
            assert client.recv(1) in (b"S", b"N")
        return state, pools.home("orders").port
    finally:
        pools.down()


@pytest.mark.parametrize(("processes", "times"), [(1, 1), (2, 3)])
def test_a_port_that_is_taken_in_the_moment_of_the_start_is_left_to_who_took_it(
    folder: Path, robbed: Robbed, processes: int, times: int
) -> None:
    began = time.monotonic()
    account = replace(robbed, times=times)  # the list of what was taken is the same
    state, noted = up(folder, account, bouncer(processes=processes))
    assert len(robbed.ports) == times
    assert time.monotonic() - began < START_TIMEOUT_S, "what it says in its log is not waited out"
    assert state.running == processes
    assert state.port == noted > max(robbed.ports)


def test_a_port_that_was_taken_before_is_passed_over(folder: Path) -> None:
    account = choose(os.environ)
    first, _ = up(folder, account, bouncer())
    with closing(listening(first.port)):
        second, _ = up(folder, account, bouncer())
    assert second.port != first.port


def test_a_declared_port_that_is_taken_is_named(folder: Path) -> None:
    with closing(listening()) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(LocalStateError, match=f"port {port} of .* is taken"):
            up(folder, choose(os.environ), bouncer(port))


def test_a_declared_port_that_is_taken_in_the_moment_of_the_start_is_not_changed(folder: Path, robbed: Robbed) -> None:
    with closing(listening()) as free:
        port = free.getsockname()[1]
    with pytest.raises(LocalStateError, match='the pool "orders" did not start: cannot listen on'):
        up(folder, robbed, bouncer(port))
    assert robbed.ports == [port]
