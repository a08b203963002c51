"""Two snapshots of the same moment, one of each side, while the home is written.

The worker that fills the fed side is made to wait at a barrier: everything committed before it is there, nothing after.
The home's snapshot is taken just before the barrier is committed; what was committed in between is read from a
replication slot. Nobody who writes waits for any of this. Where no slot can be had, a SHARE lock closes the gap
instead.
"""

from __future__ import annotations

import hashlib
from contextlib import ExitStack
from dataclasses import dataclass, field

from freehold.errors import Busy, ServerError, Unverified
from freehold.move import control
from freehold.move.model import Move, Side
from freehold.move.names import stream, verifying_slot
from freehold.move.run import desk
from freehold.move.run.decoding import Decoding
from freehold.move.verify.changes import Touched, Transaction
from freehold.move.verify.chunks import Shape
from freehold.move.verify.model import Options
from freehold.move.verify.rounds import snapshot, split
from freehold.ports import Clock, Servers, Session
from freehold.sqltext import Sql, ident, join, keyword, literal, sql

_POLL_MS = 2.0
_LOCK_TRIES = 40
_NO_SLOT = ("53400", "55P03", "55000", "53300", "57014", "42501")
"""Every slot or sender is taken, an old transaction runs, wal_level is too low, the right is missing."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Names of two snapshots that others can take, ``past`` that the home's snapshot sees and was not told before,
    and ``dirty`` that only the fed side's may show."""

    home: str
    fed: str
    past: Touched
    dirty: Touched


@dataclass
class Aligner:
    """Makes the pairs of one verification. ``method`` is how: by a slot, or under locks."""

    stack: ExitStack
    servers: Servers
    clock: Clock
    move: Move
    home: Side
    fed: Side
    direction: str
    shapes: tuple[Shape, ...]
    options: Options
    follow: bool = False
    method: str = "slot"
    blocked_ms: float = 0.0
    _number: int = 0
    _start: str = ""
    _unseen: list[Transaction] = field(default_factory=list)
    _decoding: Decoding | None = None

    def __post_init__(self) -> None:
        self.writer, self.holder = self._session(self.home), self._session(self.home)
        self.gate, self.reader = self._session(self.fed), self._session(self.fed)
        ((mark, pid),) = self.writer.query(
            keyword("SELECT pg_catalog.clock_timestamp()::pg_catalog.text, pg_catalog.pg_backend_pid()")
        )
        self._mark = hashlib.sha256(f"{mark}/{pid}".encode()).hexdigest()[:12]

    def _session(self, side: Side) -> Session:
        return desk.session(self.stack, self.servers, side)

    def open(self) -> None:
        """See that the worker follows, and make the slot. Raises Unverified."""
        self.stack.callback(self._forget)
        token = f"verify:{self._mark}"
        self._write(token)
        self._wait(control.arrived(self.move.id, token), "does not follow")
        self._decoding = Decoding(
            self.stack, self.servers, self.home, f"{verifying_slot(self.move.id)}_{self._mark}",
            stream(self.move.id, self.direction), self.shapes,
        )  # fmt: skip
        try:
            self._start = self._decoding.start()
            # the exported snapshot lives until the slot is read: a transaction of ours takes it at once
            desk.begin(self.holder, self._start)
        except ServerError as error:
            if error.sqlstate not in _NO_SLOT or not self.options.locking:
                raise Unverified(
                    f'no replication slot can be had on instance "{self.home.instance}": {error.message}',
                    hint="End old transactions, or raise max_replication_slots and max_wal_senders; or allow the"
                    " comparison under short locks.",
                ) from None
            self.method = "lock"

    def next(self, *, keep: bool = False) -> Pair:
        """The next pair; ends the last one. The worker goes on at once, or with ``keep`` waits until ``release``, and
        nobody but the caller changes the fed side. Raises Unverified."""
        if self._number:
            desk.end(self.reader)
        if self._number and not self._start:
            desk.end(self.holder)
        self._number += 1
        token = f"{control.GATE}verify:{self._mark}:{self._number}"
        self._hold_gate()
        held = True
        try:
            home, seen = self._locked(token) if self.method == "lock" else self._unlocked(token)
            self._wait(control.at_gate(self.move.id), "did not come to a barrier")
            desk.begin(self.reader)
            fed, _ = desk.exported(self.reader)
            if not keep:
                held = False
                self.release()
            past, dirty = self._changes(token, seen)
        except BaseException:
            if held:
                self.release()
            raise
        return Pair(home, fed, past, dirty)

    def release(self) -> None:
        """Let the worker go on."""
        self.gate.query(control.release_gate(self.move.id))

    def _hold_gate(self) -> None:
        try:
            self.gate.query(control.hold_gate(self.move.id))
        except ServerError as error:
            if error.sqlstate != "55P03":
                raise
            raise Busy(
                f'somebody else holds the gate of move "{self.move.id}"',
                hint="Another verification or a cutover is at work; try again when it has ended.",
            ) from None

    def _unlocked(self, token: str) -> tuple[str, str]:
        self.writer.execute(keyword("BEGIN; SET LOCAL synchronous_commit = local"))
        try:
            self.writer.execute(control.barrier(self.move.id, token))
            if not self._start:
                desk.begin(self.holder)
            self._start = ""
            found = desk.exported(self.holder)
            # between the snapshot and this commit lies what is dirty: nothing else may be done here
            self.writer.execute(keyword("COMMIT"))
        except BaseException:
            desk.end(self.writer)
            raise
        return found

    def _locked(self, token: str) -> tuple[str, str]:
        locker = self.writer
        tables = join(", ", [sql("ONLY {}", ident(s.table.name.schema, s.table.name.table)) for s in self.shapes])
        for attempt in range(_LOCK_TRIES):
            locker.execute(keyword("BEGIN; SET LOCAL lock_timeout = '100ms'; SET LOCAL synchronous_commit = local"))
            began = self.clock.monotonic_ms()
            try:
                if self.shapes:
                    locker.execute(sql("LOCK TABLE {} IN SHARE MODE", tables))
                desk.begin(self.holder)
                found = desk.exported(self.holder)
                locker.execute(control.barrier(self.move.id, token))
                locker.execute(keyword("COMMIT"))
                return found
            except ServerError as error:
                desk.end(locker)
                desk.end(self.holder)
                if error.sqlstate != "55P03":
                    raise
                self.clock.sleep_ms(50.0 * (attempt % 5 + 1))
            finally:
                self.blocked_ms = max(self.blocked_ms, self.clock.monotonic_ms() - began)
        raise Unverified(
            "the tables could not be locked for the moment that a comparison needs",
            hint="Try again when no long transaction writes them.",
        )

    def _changes(self, token: str, seen: str) -> tuple[Touched, Touched]:
        if self._decoding is None or self.method == "lock":
            return Touched(), Touched()
        past, gates, sees = Touched(), list[str](), snapshot(seen)
        self._unseen = split(self._unseen, sees, past, follow=self.follow)
        for some in self._decoding.read(self.move.id, token, self.clock, self.options.gate_ms):
            self._unseen += split(some, sees, past, follow=self.follow)
            gates += [t for one in some for m, t in one.barriers if m == self.move.id and t.startswith(control.GATE)]
        self._only_ours(gates[: gates.index(token)])
        dirty = Touched()
        for one in self._unseen:
            dirty.add(one.touched)
        return past, dirty

    def _only_ours(self, others: list[str]) -> None:
        """A gate that somebody left behind may have stopped the worker before ours did: all that came through the
        stream before ours must have been passed by then."""
        if not others:
            return
        ((count,),) = self.reader.query(
            sql(
                "SELECT pg_catalog.count(*) FROM freehold.move_barrier WHERE move = {} AND token IN ({})",
                literal(self.move.id),
                join(", ", [literal(one) for one in others]),
            )
        )
        if count != len(set(others)):
            raise Unverified(
                f'the worker that fills database "{self.fed.database}" stopped at a barrier of somebody else',
                hint="Verify again.",
            )

    def _write(self, token: str) -> None:
        self.writer.execute(keyword("BEGIN; SET LOCAL synchronous_commit = local"))
        self.writer.execute(control.barrier(self.move.id, token))
        self.writer.execute(keyword("COMMIT"))

    def _wait(self, question: Sql, what: str) -> None:
        began = self.clock.monotonic_ms()
        while not self.gate.query(question):
            if self.clock.monotonic_ms() - began > self.options.gate_ms:
                why, hint = self._reason()
                raise Unverified(
                    f'the worker that fills database "{self.fed.database}" of instance "{self.fed.instance}" {what}'
                    f" within {self.options.gate_ms / 1000:g} s: {why}",
                    hint=hint,
                )
            self.clock.sleep_ms(_POLL_MS)

    def _reason(self) -> tuple[str, str]:
        name = stream(self.move.id, self.direction)
        found = self.gate.query(
            sql(
                "SELECT s.subenabled, (SELECT w.pid FROM pg_catalog.pg_stat_subscription AS w WHERE w.subid = s.oid"
                " AND w.relid IS NULL ORDER BY 1 LIMIT 1), (SELECT t.apply_error_count FROM"
                " pg_catalog.pg_stat_subscription_stats AS t WHERE t.subid = s.oid)"
                " FROM pg_catalog.pg_subscription AS s WHERE s.subname = {}",
                literal(name),
            )
        )
        if not found:
            return f'there is no subscription "{name}"', "Start the move again, or abort it."
        enabled, pid, errors = found[0]
        if not enabled:
            return f'subscription "{name}" is disabled', "The server's log says what it met; enable it again after."
        if errors:
            return f"it met {errors} errors", "The server's log says which; correct the row or the table they name."
        if pid is None:
            return "it does not run", "See max_logical_replication_workers and the server's log."
        return "it is behind", "Wait until it has caught up, or allow more time."

    def _forget(self) -> None:
        """Take our barriers away again; a later run does it where this one cannot."""
        try:
            desk.end(self.writer)
            self.writer.execute(
                sql(
                    "DELETE FROM freehold.move_barrier WHERE move = {} AND (pg_catalog.strpos(token, {}) > 0 OR"
                    " (token LIKE '%verify:%' AND at < pg_catalog.clock_timestamp() - interval '1 day'))",
                    literal(self.move.id),
                    literal(f"verify:{self._mark}"),
                )
            )
        except ServerError:
            pass
