"""Copies the rows of one snapshot, in parts side by side, under a slot that keeps every change since."""

from __future__ import annotations

import threading
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from freehold.move import copy, follow, identity
from freehold.move.copy import Part
from freehold.move.events import RowsCopied, remaining_s
from freehold.move.model import Inventory, Move
from freehold.move.run import slotmaking
from freehold.move.run.world import World, patiently
from freehold.move.state import note
from freehold.ports import Session
from freehold.spec.model import TableName
from freehold.sqltext import keyword, literal, sql


@dataclass
class Tally:
    """Rows and bytes copied so far, of as many rows as the servers estimate."""

    world: World
    total: int
    began_ms: float
    bytes: int = 0
    rows: Counter[TableName] = field(default_factory=Counter)
    _one: threading.Lock = field(default_factory=threading.Lock)

    def add(self, part: Part, rows: int, size: int) -> None:
        name = part.table.name
        with self._one:
            self.rows[name] += rows
            self.bytes += size
            done = self.rows.total()
            rate = done / max(0.001, (self.world.clock.monotonic_ms() - self.began_ms) / 1000)
            self.world.tell(
                RowsCopied(
                    table=f"{name.schema}.{name.table}",
                    part=part.number + 1,
                    parts=part.of,
                    table_rows=self.rows[name],
                    table_total_rows=max(part.table.rows, self.rows[name]),
                    rows=done,
                    total_rows=max(self.total, done),
                    bytes=self.bytes,
                    rows_per_s=round(rate, 1),
                    remaining_s=remaining_s(done, self.total, rate),
                )
            )


def copy_rows(world: World, move: Move, inventory: Inventory, jobs: int) -> frozenset[TableName]:
    """Bring the rows to the target, and leave the slot behind from which later changes are read.

    Returns the tables that are there whole. That is all of them, unless an earlier run was killed during its copy: its
    snapshot is gone, so what it had not finished is left to PostgreSQL's own copying, table by table, once the others
    follow. A run that was killed before any table was whole is forgotten.
    """
    tables = follow.published(inventory)
    with world.session(move.source) as source, world.session(move.target) as target:
        done = frozenset(TableName(str(row[0]), str(row[1])) for row in target.query(copy.complete(move.id)))
        if source.query(follow.slot_there(move.id, "f")):
            if done:
                return done
            source.query(follow.drop_slot(move.id, "f"))
        for statement in identity.whole(move, tables):
            patiently(world, source, statement, "replica identity")
        for statement in follow.publication(move.id, "f", tables):
            patiently(world, source, statement, "publication")
        for table in tables:
            target.execute(copy.empty(table.name, move.id))
        pages = (
            {TableName(str(s), str(n)): int(str(p)) for s, n, p in source.query(copy.sizes(tables))} if tables else {}
        )
        exporter = world.servers.replication(move.source.instance, move.source.database)
        try:
            # which waits for transactions that began before, naming them
            export = follow.export_slot(move.id, "f")
            snapshot = slotmaking.made(world, "the slot", exporter, source, lambda: str(exporter.query(export)[0][2]))
            same = _version(source) == _version(target)
            tally = Tally(world, sum(table.rows for table in tables), world.clock.monotonic_ms())
            source.execute(note(move, {"total_rows": tally.total}))
            _all(world, move, copy.parts(tables, pages), snapshot, same, jobs, tally)
        finally:
            exporter.close()
    return frozenset(table.name for table in tables)


def _all(
    world: World, move: Move, parts: Sequence[Part], snapshot: str, same_version: bool, jobs: int, tally: Tally
) -> None:
    tasks = deque(parts)
    with ThreadPoolExecutor(max_workers=max(1, min(jobs, len(parts)))) as pool:
        futures = [
            pool.submit(_work, world, move, tasks, snapshot, same_version, tally)
            for _ in range(max(1, min(jobs, len(parts))))
        ]
        try:
            for future in futures:
                future.result()
        except BaseException:
            tasks.clear()
            raise


def _work(world: World, move: Move, tasks: deque[Part], snapshot: str, same_version: bool, tally: Tally) -> None:
    with world.session(move.source) as source, world.session(move.target) as target:
        source.execute(
            sql("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET TRANSACTION SNAPSHOT {}", literal(snapshot))
        )
        while tasks:
            try:
                part = tasks.popleft()
            except IndexError:
                return
            tally.add(part, *_one(move, part, source, target, snapshot, same_version))


def _one(
    move: Move, part: Part, source: Session, target: Session, snapshot: str, same_version: bool
) -> tuple[int, int]:
    """Copy a part; its rows and the bytes that they took on the way."""
    sent = 0

    def counted(blocks: Iterator[bytes]) -> Iterator[bytes]:
        nonlocal sent
        for block in blocks:
            sent += len(block)
            yield block

    binary = copy.binary(part.table, same_version=same_version)
    alone = part.of == 1
    with target.transaction():
        target.execute(keyword("SET LOCAL session_replication_role = replica; SET LOCAL synchronous_commit = off"))
        if alone:
            target.execute(copy.empty(part.table.name, move.id))
        rows = target.copy_in(
            copy.into(part, binary=binary, freeze=alone), counted(source.copy_out(copy.out(part, binary=binary)))
        )
        target.execute(copy.copied(move.id, part, snapshot, rows))
    return rows, sent


def _version(session: Session) -> int:
    return int(str(session.query(keyword("SELECT pg_catalog.current_setting('server_version_num')"))[0][0])) // 10000
