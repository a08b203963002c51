"""The clients of a service during a move: held back, led to its other home and let go by its PgBouncers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from freehold.cli import pools
from freehold.cli.context import Context
from freehold.errors import FreeholdError, LocalStateError, ServerError
from freehold.local.clock import SystemClock
from freehold.move.model import SOURCE, TARGET, Move
from freehold.pool.model import Bouncer, Entry, Login
from freehold.pool.text import written
from freehold.sqltext import keyword

if TYPE_CHECKING:
    from freehold.pg.pgbouncer import Console, PgBouncers

NEXT = ".next"
"""Added to a pool's name for the moment in which it is tried whether clients could be led to the other home."""
SHOWN_MS = 1_000.0
_POLL_MS = 1.0


class NoPool:
    """A service without a pool: nobody can be held back, so clients meet refusals until they connect elsewhere."""

    def prepare(self, side: str) -> None:
        """Nothing can be prepared."""

    def backends(self) -> frozenset[int]:
        """None: there is no pool."""
        return frozenset()

    def hold(self, timeout_ms: int) -> bool:
        return True

    def redirect(self, side: str) -> None:
        """Clients learn it from the refusal, or from their env file."""

    def release(self) -> None:
        """Nobody was held."""


class PoolTraffic:
    """The PgBouncer of a service, as both its homes would have it. Holds connections to its consoles: ``close`` it."""

    def __init__(
        self,
        manager: PgBouncers,
        wanted: Mapping[str, Bouncer],
        logins: Mapping[str, Sequence[Login]],
        alias: str,
        password: str,
        app: Mapping[str, tuple[str, str]],
    ) -> None:
        self._manager = manager
        self._wanted = wanted
        self._logins = logins
        self._alias = alias
        self._password = password
        self._app = app
        self._consoles: tuple[Console, ...] = ()

    def prepare(self, side: str) -> None:
        """Open the consoles, and log in to the other home through the pool as the service would."""
        bouncer = self._wanted[side]
        state = self._manager.state(bouncer)
        if not state.up:
            raise FreeholdError(
                f'the pool "{bouncer.name}" does not run', hint="Start it with `freehold pool start`, then try again."
            )
        self.close()
        self._consoles = self._manager.consoles(bouncer, self._password)
        trial = replace(_entry(bouncer, self._alias), alias=self._alias + NEXT)
        now = self._now(side)
        self._write(replace(self._wanted[now], entries=(*self._wanted[now].entries, trial)), now)
        try:
            self._log_in(state.host, state.port, side)
        finally:
            self._write(self._wanted[now], now)

    def hold(self, timeout_ms: int) -> bool:
        held = [console.pause(self._alias, timeout_ms) for console in self._open()]
        if not all(held):
            self.release()
        return all(held)

    def redirect(self, side: str) -> None:
        self._alive(side)
        self._write(self._wanted[side], side)
        wanted = _entry(self._wanted[side], self._alias)
        clock = SystemClock()
        deadline = clock.monotonic_ms() + SHOWN_MS
        while not all(_leads(console, wanted) for console in self._open()):
            if clock.monotonic_ms() >= deadline:
                raise LocalStateError(
                    f'PgBouncer does not lead "{self._alias}" to its new home', hint="Read the end of its log."
                )
            clock.sleep_ms(_POLL_MS)

    def release(self) -> None:
        for console in self._open():
            console.resume(self._alias)

    def backends(self) -> frozenset[int]:
        """The server processes that the pool holds for the service, those of the proof's entry too."""
        mine = {one.alias for one in written(_entry(self._wanted[SOURCE], self._alias))}
        rows = (row for console in self._open() for row in console.show(keyword("SERVERS")))
        return frozenset(int(row["remote_pid"] or 0) for row in rows if row["database"] in mine)

    def close(self) -> None:
        """Close the consoles."""
        for console in self._consoles:
            console.close()
        self._consoles = ()

    def _open(self) -> tuple[Console, ...]:
        """The consoles, opened anew where a process went away and came back."""
        if self._consoles:
            try:
                for console in self._consoles:
                    console.show(keyword("VERSION"))
                return self._consoles
            except ServerError:
                self.close()
        self._consoles = self._manager.consoles(self._wanted[SOURCE], self._password)
        return self._consoles

    def _alive(self, side: str) -> None:
        """Start what died of it, leading to ``side`` from the first: nobody else will before a person looks."""
        bouncer = self._wanted[side]
        if not self._manager.state(bouncer).up:
            self.close()
            self._manager.revive(bouncer, self._logins[side], self._password)

    def _now(self, side: str) -> str:
        """The side to which the pool leads now; that of ``side`` is the other where it leads elsewhere."""
        here = _entry(self._wanted[side], self._alias)
        away = TARGET if side == SOURCE else SOURCE
        return side if all(_leads(console, here) for console in self._open()) else away

    def _write(self, bouncer: Bouncer, side: str) -> None:
        if self._manager.rewrite(bouncer, self._logins[side]):
            for console in self._open():
                console.reload()

    def _log_in(self, host: str, port: int, side: str) -> None:
        from freehold.pg.session import connect

        user, password = self._app[side]
        place: dict[str, str | int] = {"host": host, "port": port, "dbname": self._alias + NEXT, "sslmode": "prefer"}
        try:
            session = connect({**place, "user": user, "password": password})
            try:
                session.query(keyword("SELECT 1"))
            finally:
                session.close()
        except ServerError as error:
            raise FreeholdError(
                f'login "{user}" cannot come through the pool to the other home: {error.message}',
                hint="Nobody was held back. `freehold pool status` and the log of PgBouncer tell more.",
            ) from None


def traffic(context: Context, move: Move) -> PoolTraffic | NoPool:
    """What steers the clients of the service; ``context`` may place it at either home. Close it."""
    if context.platform.service(move.service).pool is None or context.platform.pooler is None:
        return NoPool()
    manager = pools.manager(context)
    if manager.program() is None:
        return NoPool()
    sides = {SOURCE: context.at({move.service: move.came}), TARGET: context.at({move.service: move.goes})}
    wanted: dict[str, Bouncer] = {}
    logins: dict[str, Sequence[Login]] = {}
    asked: dict[str, bool] = {}
    alias = ""
    for side, there in sides.items():
        for bouncer in pools.lasting(there, asked):
            found = [entry for entry in bouncer.entries if entry.service == move.service]
            if found:
                wanted[side], alias = bouncer, found[0].alias
                logins[side] = pools.logins(there, bouncer)
    if len(wanted) < 2:
        for there in sides.values():
            there.all_reachable()
        return NoPool()
    # whoever came through the pool before comes through it afterwards: a service keeps its login across the switch
    both = tuple({login.name: login for one in logins.values() for login in one}.values())
    user = move.source_roles.app
    return PoolTraffic(
        manager,
        wanted,
        {SOURCE: both, TARGET: both},
        alias,
        context.admin_password(pools.SECRET),
        {SOURCE: (user, context.secrets.password(user)), TARGET: (user, context.secrets.password(user))},
    )


def _entry(bouncer: Bouncer, alias: str) -> Entry:
    return next(entry for entry in bouncer.entries if entry.alias == alias)


def _leads(console: Console, wanted: Entry) -> bool:
    place = {"host": wanted.host, "port": str(wanted.port), "database": wanted.database}
    with suppress(StopIteration):
        row = next(row for row in console.show(keyword("DATABASES")) if row["name"] == wanted.alias)
        return all(row[key] == value for key, value in place.items())
    return False
