"""Compares the two ends of one reference: inside one database in one statement, else by merging two streams."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace

from freehold.audit import judge, questions
from freehold.audit.keys import Part, reader, shown
from freehold.audit.merge import Block, OutOfOrder, absent
from freehold.audit.model import Checked, End, Key, Link, Orphan, Table, Trouble
from freehold.audit.questions import Comparison
from freehold.audit.run.desk import Desk
from freehold.audit.run.second import SecondLook
from freehold.audit.run.tally import Tally
from freehold.ports import Clock, Session
from freehold.sqltext import Sql

SUSPECTS_HELD = 20_000
"""Keys that seem to lack a parent and wait for the second look: what an audit holds at most, besides two blocks."""


@dataclass(frozen=True)
class Comparing:
    """How references of one audit are compared, and who is told."""

    desk: Desk
    clock: Clock
    tally: Tally
    limit: int
    wait_ms: int
    sink: Callable[[Link, Orphan], None]

    def run(self, looked: Checked, how: Comparison) -> Checked:
        """The reference checked. Raises ServerError."""
        child, parent = looked.child, looked.parent
        if child is None or parent is None:
            raise ValueError("a reference without its tables cannot be compared")
        if looked.link.together:
            return self._inside(looked, how, child, parent)
        return self._between(looked, how, child, parent)

    def _inside(self, looked: Checked, how: Comparison, child: Table, parent: Table) -> Checked:
        told = _Told(looked.link, self.limit, self.sink)
        count = len(how.child)
        read = reader(how.child)
        reading = self.desk.reading(looked.link.child, child)
        with closing(reading) as session, session.stream(how.inside()) as blocks:
            for rows in blocks:
                keys = read([row[:count] for row in rows])
                told.add(Orphan(shown(key), int(str(row[count]))) for key, row in zip(keys, rows, strict=True))
        self.tally.add(judge.name(looked.link), child.rows + parent.rows)
        return told.on(looked)

    def _between(self, looked: Checked, how: Comparison, child: Table, parent: Table) -> Checked:
        link = looked.link
        told = _Told(link, self.limit, self.sink)
        keys, parent_rows, dismissed, unsettled = [0], [0], 0, 0
        with ExitStack() as stack:
            # the child's snapshot first: a row that was there with its parent then has its parent in the later one
            one = self._snapshot(stack, link.child, child)
            other = self._snapshot(stack, link.parent, parent)
            second = SecondLook(self.desk, self.clock, how, child, parent, self.wait_ms)
            stack.callback(second.close)
            children = self._stream(stack, one, how.child_keys(), how.child)
            parents = self._stream(stack, other, how.parent_keys(), how.parent)
            what = judge.name(link)
            suspects: list[Key] = []
            try:
                merged = absent(
                    self.tally.watched(what, children, keys), self.tally.watched(what, parents, parent_rows)
                )
                for lost in merged:
                    suspects += lost
                    if len(suspects) >= SUSPECTS_HELD:
                        seen = second.look(suspects)
                        told.add(seen.orphans)
                        dismissed, unsettled = dismissed + seen.dismissed, unsettled + len(seen.unsettled)
                        suspects = []
            except OutOfOrder as error:
                return replace(looked, trouble=_disordered(error))
            seen = second.look(suspects)
            told.add(seen.orphans)
        return replace(
            told.on(looked),
            keys=keys[0],
            parent_rows=parent_rows[0],
            dismissed=dismissed + seen.dismissed,
            unsettled=unsettled + len(seen.unsettled),
        )

    def _snapshot(self, stack: ExitStack, end: End, table: Table) -> Session:
        session = stack.enter_context(closing(self.desk.reading(end, table)))
        session.execute(questions.ALL_OR_NOTHING)
        session.query(questions.FIX_SNAPSHOT)
        return session

    def _stream(self, stack: ExitStack, session: Session, statement: Sql, parts: tuple[Part, ...]) -> Iterator[Block]:
        return map(reader(parts), stack.enter_context(session.stream(statement)))


@dataclass
class _Told:
    """Orphans as they are found: counted, the first ones kept, all handed on."""

    link: Link
    limit: int
    sink: Callable[[Link, Orphan], None]
    orphans: int = 0
    rows: int = 0
    first: tuple[Orphan, ...] = ()

    def add(self, found: Iterator[Orphan] | tuple[Orphan, ...]) -> None:
        for orphan in found:
            self.orphans += 1
            self.rows += orphan.rows
            if len(self.first) < self.limit:
                self.first += (orphan,)
            self.sink(self.link, orphan)

    def on(self, looked: Checked) -> Checked:
        return replace(looked, orphans=self.orphans, orphan_rows=self.rows, first=self.first)


def _disordered(error: OutOfOrder) -> Trouble:
    return Trouble(
        "reference_not_checked",
        "a server did not send its keys in order, so the reference was not checked",
        f"{error}: comparing them would miss orphans. An index whose collation changed under it delivers such an "
        "order; REINDEX mends it.",
        unknown=True,
    )
