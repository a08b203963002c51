"""PgBouncers that Freehold writes, starts, reloads, asks and stops on this machine."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from freehold.errors import LocalStateError, ServerError, Unreachable
from freehold.pg import files
from freehold.pg.embedded.account import Account
from freehold.pg.embedded.folder import encoded
from freehold.pg.embedded.ports import HOST, Ports, demand
from freehold.pg.pgbouncer import process
from freehold.pg.pgbouncer.console import Console, open_console
from freehold.pg.pgbouncer.process import Home
from freehold.pg.pgbouncer.programs import Program, find
from freehold.pool.model import Bouncer, Login

__all__ = ["Console", "PgBouncers", "Program", "State", "find"]

FIRST_PORT = 6432
FOLDER = "pools"
_PORT_TRIES = 5


@dataclass(frozen=True, slots=True)
class State:
    """One PgBouncer: where clients connect, and how many of its processes run."""

    name: str
    host: str
    port: int
    processes: int
    running: int
    folder: Path

    @property
    def up(self) -> bool:
        return self.running == self.processes


class PgBouncers:
    """The PgBouncers of one platform, below its data folder. ``password`` is that of their console's login."""

    def __init__(self, folder: Path, account: Account, environment: Mapping[str, str]) -> None:
        self.folder = folder / FOLDER
        self.account = account
        self.environment = environment

    def program(self) -> Program | None:
        """The PgBouncer of this machine, if there is one. Raises LocalStateError."""
        return find(self.environment)

    def up(
        self,
        bouncers: Sequence[Bouncer],
        logins: Callable[[Bouncer], Sequence[Login]],
        password: str,
        progress: Callable[[str], None] = lambda what: None,
    ) -> tuple[State, ...]:
        """Write what differs, start what does not run, let what runs read its files anew. Stops those that the
        declaration no longer names. Raises LocalStateError."""
        program = self.program()
        if program is None:
            raise LocalStateError("PgBouncer is not installed", hint="Install it: apt-get install pgbouncer")
        self._forget({encoded(one.name) for one in bouncers}, progress)
        ports = Ports([one.port for one in bouncers if one.port is not None])
        return tuple(self._up(one, logins(one), password, program, ports, progress) for one in bouncers)

    def _up(
        self,
        bouncer: Bouncer,
        logins: Sequence[Login],
        password: str,
        program: Program,
        ports: Ports,
        progress: Callable[[str], None],
    ) -> State:
        home = self.home(bouncer.name)
        alive = process.running(home)
        port = home.port if alive and bouncer.port in (None, home.port) else 0
        if alive and (not port or max(alive) >= bouncer.processes):
            # another port, or fewer processes: what runs cannot be told so
            self._stop(home)
            alive = ()
        if not port:
            port = (
                demand(f"pool {bouncer.name}", bouncer.port)
                if bouncer.port
                else ports.take(home.port, first=FIRST_PORT)
            )
        changed = process.write(home, bouncer, port, logins, program, self.account)
        for number in range(bouncer.processes):
            if number not in alive:
                # a port of its own choice may be taken between the look and the start: the next one is as good
                tries = 1 if number or alive or bouncer.port else _PORT_TRIES
                while True:
                    tries -= 1
                    try:
                        process.start(home, number, program, self.account, bouncer.name)
                        break
                    except LocalStateError as error:
                        if not tries or process.TAKEN not in error.message:
                            raise
                    port = ports.take(0, first=port + 1)
                    process.write(home, bouncer, port, logins, program, self.account)
            elif changed:
                with_console(self._console(bouncer, port, number, password), lambda one: one.reload())
        progress(f'pool "{bouncer.name}" {"runs" if alive else "started"} on port {port}')
        return self.state(bouncer)

    def revive(self, bouncer: Bouncer, logins: Sequence[Login], password: str) -> State:
        """Start those of its processes that do not run, on the port it had; all others are left as they are.
        Raises LocalStateError."""
        program = self.program()
        if program is None:
            raise LocalStateError("PgBouncer is not installed", hint="Install it: apt-get install pgbouncer")
        ports = Ports([bouncer.port] if bouncer.port is not None else [])
        return self._up(bouncer, logins, password, program, ports, lambda what: None)

    def rewrite(self, bouncer: Bouncer, logins: Sequence[Login]) -> bool:
        """Write the files of a PgBouncer that runs; whether they differ from what was there, so that it must reload.
        Raises LocalStateError."""
        program, home = self.program(), self.home(bouncer.name)
        if program is None:
            raise LocalStateError("PgBouncer is not installed", hint="Install it: apt-get install pgbouncer")
        return process.write(home, bouncer, bouncer.port or home.port, logins, program, self.account)

    def ask(self) -> bool:
        """Whether all of them, as they were written, ask the servers for verifiers."""
        return all("auth_query" in files.read(ini) for ini in self.folder.glob("*/*.ini"))

    def down(self) -> tuple[str, ...]:
        """Stop every PgBouncer of the platform, declared or not; the folder names of those that ran."""
        if not self.folder.is_dir():
            return ()
        return tuple(path.name for path in sorted(self.folder.iterdir()) if path.is_dir() and self._stop(Home(path)))

    def purge(self) -> None:
        """Stop them and remove their files."""
        self.down()
        if self.folder.is_dir():
            shutil.rmtree(self.folder)

    def state(self, bouncer: Bouncer) -> State:
        """Where it answers, and whether it runs; changes nothing."""
        home = self.home(bouncer.name)
        port = bouncer.port or home.port
        return State(bouncer.name, HOST, port, bouncer.processes, len(process.running(home)), home.path)

    def consoles(self, bouncer: Bouncer, password: str) -> tuple[Console, ...]:
        """The console of each of its processes; the caller closes them. Raises Unreachable, ServerError."""
        state = self.state(bouncer)
        if not state.running:
            raise Unreachable(f'the pool "{bouncer.name}" does not run', hint="Start it with `freehold up`.")
        opened: list[Console] = []
        try:
            for number in range(bouncer.processes):
                opened.append(self._console(bouncer, state.port, number, password))
        except ServerError:
            for console in opened:
                console.close()
            raise
        return tuple(opened)

    def home(self, name: str) -> Home:
        return Home(self.folder / encoded(name))

    def _console(self, bouncer: Bouncer, port: int, number: int, password: str) -> Console:
        host = str(self.home(bouncer.name).socket_folder(number)) if bouncer.processes > 1 else HOST
        return open_console(host, port, bouncer.admin, password)

    def _stop(self, home: Home) -> bool:
        ran = [process.stop(home, number) for number in process.running(home)]
        return any(ran)

    def _forget(self, declared: set[str], progress: Callable[[str], None]) -> None:
        if not self.folder.is_dir():
            return
        for path in sorted(self.folder.iterdir()):
            if path.name not in declared and path.is_dir():
                self._stop(Home(path))
                shutil.rmtree(path)
                progress(f'pool "{path.name}" is no longer declared: stopped and removed')


def with_console(console: Console, do: Callable[[Console], None]) -> None:
    """Do one thing at a console and close it."""
    try:
        do(console)
    finally:
        console.close()
