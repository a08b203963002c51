"""Compares pieces of tables under one pair of snapshots, several at a time, each on both servers at once."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field, replace

from freehold.errors import ServerError, Unverified
from freehold.move.events import RowsCompared, remaining_s
from freehold.move.model import Side
from freehold.move.run import desk
from freehold.move.run.aligned import Pair
from freehold.move.run.world import Tell
from freehold.move.verify import compare
from freehold.move.verify.chunks import Chunk, Shape
from freehold.move.verify.compare import Difference
from freehold.move.verify.model import Key, Kind
from freehold.move.verify.rounds import Left, Work
from freehold.ports import Clock, Row, Servers, Session
from freehold.sqltext import Sql, keyword


@dataclass
class Done:
    """What a round did on one table. ``keys`` are the rows compared singly, ``late`` what it had no time for."""

    left: Left
    rows: int = 0
    chunks: int = 0
    differences: list[Difference] = field(default_factory=list)
    keys: set[Key] = field(default_factory=set)
    late: list[Chunk] = field(default_factory=list)


@dataclass
class Comparing:
    """Pairs of sessions, one for each worker, used for all rounds of a verification."""

    stack: ExitStack
    servers: Servers
    clock: Clock
    tell: Tell
    home: Side
    fed: Side
    workers: int
    counts: bool
    total: int
    rows: int = 0
    _one: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.began_ms = self.clock.monotonic_ms()
        pairs = [(self._session(self.home), self._session(self.fed)) for _ in range(max(1, self.workers))]
        self._pairs = pairs
        self._pool = ThreadPoolExecutor(len(pairs))
        self.stack.callback(self._pool.shutdown, cancel_futures=True)
        self._stopping = False

    def _session(self, side: Side) -> Session:
        found = desk.session(self.stack, self.servers, side)
        found.execute(keyword("SET lock_timeout = '60s'"))
        return found

    def round(self, works: list[Work], pair: Pair, snapshot_ms: float) -> list[Done]:
        """Compare. Raises Unverified or ServerError."""
        until = self.clock.monotonic_ms() + snapshot_ms
        done = {id(work.left): Done(work.left) for work in works}
        tasks = deque((work, chunk) for work in works for chunk in (*work.chunks, *work.keys))
        self._stopping = False
        used = self._pairs[: max(1, min(len(self._pairs), len(tasks)))]
        try:
            futures = [self._pool.submit(self._work, both, pair, tasks, until, done) for both in used]
            for future in futures:
                future.result()
        finally:
            self._stopping = True
        for work, chunk in tasks:
            done[id(work.left)].late.append(chunk)
        return list(done.values())

    def _work(
        self,
        both: tuple[Session, Session],
        pair: Pair,
        tasks: deque[tuple[Work, Chunk]],
        until: float,
        done: dict[int, Done],
    ) -> None:
        try:
            while not self._stopping and self.clock.monotonic_ms() < until:
                try:
                    work, chunk = tasks.popleft()
                except IndexError:
                    break
                # a transaction for each piece: who empties or alters a table waits for no more than one
                desk.begin(both[0], pair.home)
                desk.begin(both[1], pair.fed)
                rows, found = self._chunk(both, chunk, work.without)
                for session in both:
                    desk.end(session)
                with self._one:
                    mine = done[id(work.left)]
                    mine.rows += rows
                    mine.chunks += 1
                    mine.differences += found
                    mine.keys.update(chunk.keys or ())
                    self._told(work.left.shape, rows)
        except BaseException as error:
            self._stopping = True
            for session in both:
                desk.end(session)
            if isinstance(error, ServerError) and error.sqlstate == "55P03":
                raise Unverified(
                    "a table could not be read for a minute: somebody holds or awaits an exclusive lock on it",
                    hint="Verify again when nobody alters or empties tables of the service.",
                ) from None
            raise

    def _chunk(
        self, both: tuple[Session, Session], chunk: Chunk, dirty: frozenset[Key]
    ) -> tuple[int, list[Difference]]:
        without = () if chunk.keys is not None else dirty
        home, fed = (compare.told(rows) for rows in _ask(both, compare.sums(chunk, without, counts=self.counts)))
        rows = sum(one.rows for one in home.values())
        bad = compare.unequal(home, fed)
        if not bad:
            return rows, []
        if self.counts:
            gap = rows - sum(one.rows for one in fed.values())
            return rows, [Difference((), Kind.MISSING if gap > 0 else Kind.EXTRA, abs(gap))]
        fine = chunk
        if chunk.keys is None:
            fine = compare.narrowed(chunk, bad)
            if chunk.shares == 1:
                home, fed = (compare.told(answer) for answer in _ask(both, compare.sums(fine, without)))
                fine = replace(fine, only=compare.unequal(home, fed))
        question = compare.rows(fine, without)
        with both[0].stream(question) as here, both[1].stream(question) as there:
            found = list(compare.differences(compare.gathered(here), compare.gathered(there)))
        if not found:
            name = chunk.shape.table.name
            raise Unverified(
                f'the sums of table "{name.schema}"."{name.table}" differ and its rows do not',
                hint="This is a defect of Freehold or of a server: please report it.",
            )
        return rows, found

    def columns(self, pair: Pair, shape: Shape, keys: Collection[Key]) -> dict[Key, tuple[str, ...]]:
        """Which columns of these rows differ, under the pair's snapshots."""
        if not keys:
            return {}
        both = self._pairs[0]
        try:
            desk.begin(both[0], pair.home)
            desk.begin(both[1], pair.fed)
            home, fed = _ask(both, compare.column_hashes(shape, keys))
            return dict(compare.columns_of(shape, home, fed))
        finally:
            for session in both:
                desk.end(session)

    def _told(self, shape: Shape, rows: int) -> None:
        self.rows += rows
        name = shape.table.name
        rate = self.rows / max(0.001, (self.clock.monotonic_ms() - self.began_ms) / 1000)
        self.tell(
            RowsCompared(
                f"{name.schema}.{name.table}",
                self.rows,
                max(self.total, self.rows),
                round(rate, 1),
                remaining_s(self.rows, self.total, rate),
            )
        )


def _ask(both: tuple[Session, Session], question: Sql) -> tuple[list[Row], list[Row]]:
    """The answers of both servers, which work at the same time."""
    with both[0].stream(question) as here, both[1].stream(question) as there:
        return list(_flat(here)), list(_flat(there))


def _flat(blocks: Iterator[list[Row]]) -> Iterator[Row]:
    for block in blocks:
        yield from block
