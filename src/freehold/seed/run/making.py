"""Makes blocks of rows ahead of whoever sends them: in a thread beside, or in processes on cores of their own."""

from __future__ import annotations

import multiprocessing
import signal
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass
from types import TracebackType

from freehold.seed.maker import CHUNK_ROWS, Makers, TableMaker
from freehold.seed.model import Size, Table
from freehold.seed.recipe import read_recipe
from freehold.spec.model import TableName

AHEAD = 3
"""Blocks made before they are asked for: the server works on one while the next is made."""


@dataclass(frozen=True)
class Blueprint:
    """Everything that rows are made from, as plain values that another process can be given."""

    file: str
    text: str
    environment: Mapping[str, str]
    anchor: int
    seed: str
    tables: Mapping[TableName, Table]
    sizes: Mapping[TableName, Size]
    kept: frozenset[TableName]
    given: Mapping[tuple[TableName, str], Sequence[str | None]]
    circular: frozenset[tuple[TableName, str]]

    def makers(self) -> Makers:
        """The same makers again."""
        recipe = read_recipe(self.file, self.text, self.environment, self.anchor)
        given = self.given
        return Makers(
            recipe,
            self.seed,
            self.tables,
            self.sizes,
            self.kept,
            lambda table, column: given[table, column],
            self.circular,
        )


class Making:
    """With ``processes`` 0 rows are made in this process, which one core does; more make more at the same time."""

    def __init__(self, makers: Makers, blueprint: Blueprint, processes: int, threads: int) -> None:
        self._makers = makers
        self._own = processes == 0
        self._pool: Executor = (
            ThreadPoolExecutor(threads)
            if processes == 0
            else ProcessPoolExecutor(
                processes,
                mp_context=multiprocessing.get_context("spawn"),
                initializer=_begin,
                initargs=(blueprint,),
            )
        )

    def __enter__(self) -> Making:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)

    def blocks(self, name: TableName, rows: range) -> Iterator[tuple[int, bytes]]:
        """The rows in blocks, in order: how many, and their bytes."""
        starts = iter(range(rows.start, rows.stop, CHUNK_ROWS))
        coming: deque[tuple[int, Future[bytes]]] = deque()
        try:
            while True:
                while len(coming) < AHEAD and (start := next(starts, None)) is not None:
                    stop = min(start + CHUNK_ROWS, rows.stop)
                    coming.append((stop - start, self._submit(name, start, stop)))
                if not coming:
                    return
                count, future = coming.popleft()
                yield count, future.result()
        finally:
            for _, future in coming:
                future.cancel()

    def _submit(self, name: TableName, start: int, stop: int) -> Future[bytes]:
        if self._own:
            return self._pool.submit(_block, self._makers, name, start, stop)
        return self._pool.submit(_block_here, name, start, stop)


def _block(makers: Makers, name: TableName, start: int, stop: int) -> bytes:
    maker: TableMaker | None = makers.of(name)
    if maker is None:
        raise LookupError(f"there is no table {name}")
    return maker.block(range(start, stop))


_HERE: list[Makers] = []
"""The makers of a process that makes rows; one for its whole life."""


def _begin(blueprint: Blueprint) -> None:
    # an interruption is for the process that sends: it ends this one in order
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _HERE[:] = [blueprint.makers()]


def _block_here(name: TableName, start: int, stop: int) -> bytes:
    return _block(_HERE[0], name, start, stop)
