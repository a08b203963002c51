"""Compares both sides of a move, every row, while the home is written and nobody waits."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field

from freehold.move.catalog import inventory, question
from freehold.move.model import Inventory, Move, Side
from freehold.move.names import stream
from freehold.move.run import comparable, desk, repairing
from freehold.move.run.aligned import Aligner, Pair
from freehold.move.run.comparing import Comparing, Done
from freehold.move.run.world import Tell
from freehold.move.verify import chunks, compare
from freehold.move.verify.changes import HELD, Touched
from freehold.move.verify.chunks import Shape
from freehold.move.verify.compare import Difference
from freehold.move.verify.model import Compared, Key, Kind, Mismatch, Mode, Options, Report, SequenceGap
from freehold.move.verify.rounds import Left, begin, finish, unfinished
from freehold.ports import Clock, Servers, Session
from freehold.spec.model import TableName

_VALUES_AT_ONCE = 200
_PAUSE_MS = 20.0
_REPAIRS = 3
"""A row that differs after so many repairs is changed by somebody else."""


def verify(
    move: Move,
    direction: str,
    servers: Servers,
    clock: Clock,
    tell: Tell,
    options: Options,
) -> Report:
    """Compare what direction ``f`` (source to target) or ``r`` (target to source) fills with its home.

    Raises Unverified when nothing can be said: the worker does not follow, a table is missing or not followed.
    """
    with ExitStack() as stack:
        run = _Run(stack, servers, clock, tell, move, direction, options)
        run.settle()
        return run.report()


def watch(
    move: Move,
    direction: str,
    servers: Servers,
    clock: Clock,
    tell: Tell,
    options: Options,
    stop: Callable[[], bool],
    look: Callable[[Report], None],
    interval_ms: float = 1_000.0,
) -> Report:
    """As ``verify``, and then every row that is written is compared again, until ``stop``, and once more after that.
    ``look`` is given a report after each round."""
    with ExitStack() as stack:
        run = _Run(stack, servers, clock, tell, move, direction, options, follow=True)
        run.settle()
        look(run.report())
        last = False
        while not last:
            last = stop()
            if not last:
                clock.sleep_ms(interval_ms)
            run.round()
            run.settle()
            look(run.report())
        return run.report()


@dataclass
class _Run:
    stack: ExitStack
    servers: Servers
    clock: Clock
    announce: Tell
    move: Move
    direction: str
    options: Options
    follow: bool = False
    rounds: int = 0
    repaired: int = 0
    gaps: tuple[SequenceGap, ...] = ()
    rows: dict[TableName, int] = field(default_factory=dict)
    pieces: dict[TableName, int] = field(default_factory=dict)
    listed: dict[TableName, list[Mismatch]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._repairs = 0
        self._began = self.clock.monotonic_ms()
        self.home, self.fed = (
            (self.move.source, self.move.target) if self.direction == "f" else (self.move.target, self.move.source)
        )
        self._asking = desk.session(self.stack, self.servers, self.home)
        other = desk.session(self.stack, self.servers, self.fed)
        mine, theirs = self._inventory(self._asking, self.home), self._inventory(other, self.fed)
        name = stream(self.move.id, self.direction)
        comparable.fits(mine, theirs)
        comparable.published(self._asking, name, mine)
        comparable.filled(other, name, mine)
        self.gaps = comparable.gaps(self._asking, other, mine)
        shapes = tuple(chunks.shape(table, comparable.index(self._asking, table.name)) for table in mine.stored)
        self._shapes = {one.table.name: one for one in shapes}
        self._parts: dict[TableName, float] = {}
        self.left = {one.table.name: Left(one, chunks=list(self._pieces(one))) for one in shapes}
        self._total = sum(one.table.rows for one in shapes)
        self._comparing = Comparing(
            self.stack,
            self.servers,
            self.clock,
            self.announce,
            self.home,
            self.fed,
            self.options.workers,
            self.options.mode is Mode.COUNTS,
            self._total,
        )
        self._align = Aligner(
            self.stack,
            self.servers,
            self.clock,
            self.move,
            self.home,
            self.fed,
            self.direction,
            shapes,
            self.options,
            self.follow,
        )
        self._align.open()

    def _inventory(self, session: Session, side: Side) -> Inventory:
        ((answer,),) = session.query(question(self.move.schemas, ()))
        return inventory(side, self.move.schemas, str(answer))

    def _pieces(self, shape: Shape) -> tuple[chunks.Chunk, ...]:
        count = chunks.parts(shape, self.options.chunk_rows)
        cuts: list[Key] = []
        if count > 1 and shape.ordered:
            rows = self._asking.query(chunks.bounds(shape, count))
            cuts = [tuple(str(part) for part in row) for row in rows]
        pieces = chunks.chunks(shape, count, cuts)
        if self.options.mode is not Mode.SAMPLE:
            return pieces
        some = chunks.sampled(pieces, self.options.percent, self.options.seed)
        self._parts[shape.table.name] = chunks.portion(pieces, some)
        return some

    def settle(self) -> None:
        """Rounds until nothing is left to compare, or only what is written at every attempt."""
        since, sure = self.clock.monotonic_ms(), 0
        while any(not one.empty for one in self.left.values()) or sure != self._wrong():
            sure = self._wrong()
            before = sum(len(one.chunks) for one in self.left.values())
            if self.rounds:
                self.clock.sleep_ms(_PAUSE_MS)
            self.round()
            if sum(len(one.chunks) for one in self.left.values()) < before:
                since = self.clock.monotonic_ms()
            elif self.clock.monotonic_ms() - since > self.options.patience_ms:
                return
            if self.options.repair and self._repairs < _REPAIRS and all(one.empty for one in self.left.values()):
                self._repair()

    def _wrong(self) -> int:
        return sum(len(one.differences) for one in self.left.values())

    def round(self) -> None:
        """One pair of snapshots, and everything compared under it that is due."""
        self.rounds += 1
        pair = self._align.next()
        self._void(pair.past)
        self._void(pair.dirty)
        if self.follow:
            for table, (keys, whole) in self._touched(pair.past).items():
                left = self.left[table]
                left.keys |= keys
                if whole or len(left.keys) > HELD:
                    left.chunks, left.keys = list(self._pieces(left.shape)), set(left.doubts)
        dirty = self._touched(pair.dirty)
        works = []
        for name, left in self.left.items():
            keys, whole = dirty.get(name, (frozenset[Key](), False))
            if not left.empty:
                works.append(begin(left, keys, self._meets(left, keys), whole=whole))
        for done in self._comparing.round(works, pair, self.options.snapshot_ms):
            self._take(done, pair)

    def _void(self, since: Touched) -> None:
        """Forget what was found in tables that were emptied since: a snapshot from before then shows them empty."""
        for name in since.whole & self.left.keys():
            left = self.left[name]
            if left.doubts or left.differences:
                self.left[name] = Left(left.shape, chunks=list(self._pieces(left.shape)), healed=left.healed)
                self.listed.pop(name, None)

    def _meets(self, left: Left, dirty: frozenset[Key]) -> set[Key]:
        """The single rows of ``left`` that are dirty."""
        if left.shape.canonical or not left.keys or not dirty:
            return left.keys & dirty
        keys, found = sorted(left.keys), set[Key]()
        for at in range(0, len(keys), chunks.KEYS_AT_ONCE):
            answer = self._asking.query(chunks.equals(left.shape, keys[at : at + chunks.KEYS_AT_ONCE], dirty))
            found |= {tuple(str(part) for part in row) for row in answer}
        return found

    def _take(self, done: Done, pair: Pair) -> None:
        left, name = done.left, done.left.shape.table.name
        self.rows[name] = self.rows.get(name, 0) + done.rows
        self.pieces[name] = self.pieces.get(name, 0) + done.chunks
        for chunk in done.late:
            unfinished(left, chunk)
        known = len(left.differences)
        confirm = self.options.mode is not Mode.COUNTS
        finish(left, done.differences, frozenset(done.keys), confirm=confirm)
        self._list(left, left.differences[known:], pair)

    def _list(self, left: Left, found: list[Difference], pair: Pair) -> None:
        listed = self.listed.setdefault(left.shape.table.name, [])
        some = found[: max(0, self.options.limit - len(listed))]
        differing = [one.key for one in some if one.kind is Kind.DIFFERENT]
        columns = self._comparing.columns(pair, left.shape, differing)
        listed += [compare.mismatch(left.shape, one, columns.get(one.key, ())) for one in some]

    def _repair(self) -> None:
        """Rewrite on the fed side, while its worker waits, what differs and is not being written."""
        broken = [one for one in self.left.values() if one.differences]
        if not broken:
            return
        self._repairs += 1
        pair = self._align.next(keep=True)
        try:
            dirty = self._touched(pair.dirty)
            for left in broken:
                out, whole = dirty.get(left.shape.table.name, (frozenset[Key](), False))
                keys = {one.key for one in left.differences}
                left.keys |= keys
                if not whole:
                    self.repaired += repairing.rewrite(
                        self.servers, self._align.holder, self.fed, left.shape, keys - self._meets(left, out)
                    )
                left.differences, left.doubts = [], {}
                self.listed.pop(left.shape.table.name, None)
        finally:
            self._align.release()

    def _touched(self, touched: Touched) -> Mapping[TableName, tuple[frozenset[Key], bool]]:
        """What was touched, by the names of rows: those without a key are named by their content."""
        found: dict[TableName, tuple[frozenset[Key], bool]] = {}
        for name in touched.keys.keys() | touched.contents.keys() | touched.whole:
            if name not in self._shapes:
                continue
            keys: set[Key] = set(touched.keys.get(name, ()))
            rows = touched.contents.get(name, [])
            whole = name in touched.whole or len(keys) + len(rows) > HELD
            for at in range(0, 0 if whole else len(rows), _VALUES_AT_ONCE):
                answer = self._asking.query(chunks.contents(self._shapes[name], rows[at : at + _VALUES_AT_ONCE]))
                keys |= {tuple(str(part) for part in row) for row in answer}
            found[name] = frozenset() if whole else frozenset(keys), whole
        return found

    def report(self) -> Report:
        """What is known by now."""
        tables = []
        for name, left in sorted(self.left.items(), key=lambda one: (one[0].schema, one[0].table)):
            wrong = sum(one.count for one in left.differences)
            pieces = self.pieces.get(name, 0)
            tables.append(Compared(name, self.rows.get(name, 0), pieces, wrong, tuple(self.listed.get(name, ()))))
        return Report(
            mode=self.options.mode,
            home=self.home,
            fed=self.fed,
            tables=tuple(tables),
            rounds=self.rounds,
            unsettled=sum(len(one.keys) + len(one.chunks) for one in self.left.values()),
            healed=sum(one.healed for one in self.left.values()),
            repaired=self.repaired,
            coverage=self._coverage(),
            method=self._align.method,
            blocked_ms=self._align.blocked_ms,
            duration_ms=self.clock.monotonic_ms() - self._began,
            finished_at=self.clock.now_iso(),
            sequences=self.gaps,
        )

    def _coverage(self) -> float:
        """The part of the rows that the pieces hold, by the server's estimates."""
        weights = {name: max(1, one.table.rows) for name, one in self._shapes.items()}
        some = sum(weight * self._parts.get(name, 1.0) for name, weight in weights.items())
        return some / sum(weights.values()) if weights else 1.0
