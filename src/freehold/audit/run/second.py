"""The second look at keys that seem to lack a parent: what another transaction did in between is no orphan.

The first look compared two snapshots that are not of the same instant. A key is called an orphan only when one and
the same version of a row of the child was there before and after a moment at which no row of the parent had the key:
a row version is seen from its insert to its end without a gap, so at that moment the row was there and its parent
was not. Rows that are gone refer to nothing; keys whose parent came in between are fine; rows that were written
again between the two looks are looked at once more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from freehold.audit.keys import shown
from freehold.audit.model import End, Key, Orphan, Table
from freehold.audit.questions import Comparison
from freehold.audit.run.desk import Desk
from freehold.ports import Clock, Session

ROUNDS = 8
PAUSE_MS = 25
"""Before the second round; each further pause is twice as long."""

Identity = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Seen:
    """What became of the suspects."""

    orphans: tuple[Orphan, ...] = ()
    dismissed: int = 0
    unsettled: tuple[Key, ...] = ()


@dataclass
class SecondLook:
    """Two sessions of their own, opened at the first suspect; each statement sees what is committed when it starts."""

    desk: Desk
    clock: Clock
    how: Comparison
    child: Table
    parent: Table
    wait_ms: int
    _sessions: list[Session] = field(default_factory=list)

    def look(self, suspects: Sequence[Key]) -> Seen:
        """Decide about the suspects, in their order. Raises ServerError."""
        if not suspects:
            return Seen()
        if self.wait_ms:
            self.clock.sleep_ms(self.wait_ms)
        pending = list(suspects)
        found: dict[Key, Orphan] = {}
        for round_ in range(ROUNDS):
            if round_:
                self.clock.sleep_ms(PAUSE_MS * 2 ** (round_ - 1))
            held = self._held(pending)
            lacking = self._lacking(list(held))
            same = self._same([held[key][0] for key in lacking])
            settled = {key: Orphan(shown(key), held[key][1]) for key in lacking if held[key][0] in same}
            found.update(settled)
            pending = [key for key in lacking if key not in settled]
            if not pending:
                break
        orphans = tuple(found[key] for key in suspects if key in found)
        return Seen(orphans, len(suspects) - len(orphans) - len(pending), tuple(pending))

    def close(self) -> None:
        for session in self._sessions:
            session.close()
        self._sessions.clear()

    def _held(self, keys: list[Key]) -> dict[Key, tuple[Identity, int]]:
        """The keys that the child still has: a row of each, and how many."""
        rows = self._on_child().query(self.how.holders(keys)) if keys else []
        return {keys[int(str(row[0])) - 1]: (tuple(row[1:4]), int(str(row[4]))) for row in rows}

    def _lacking(self, keys: list[Key]) -> list[Key]:
        """The keys that no row of the parent has."""
        rows = self._on_parent().query(self.how.parents(keys)) if keys else []
        there = {int(str(row[0])) - 1 for row in rows}
        return [key for at, key in enumerate(keys) if at not in there]

    def _same(self, identities: list[Identity]) -> set[Identity]:
        """Those row versions that are still there."""
        if not identities:
            return set()
        return {tuple(row) for row in self._on_child().query(self.how.still([str(one[1]) for one in identities]))}

    def _on_child(self) -> Session:
        return self._open(0)

    def _on_parent(self) -> Session:
        return self._open(1)

    def _open(self, side: int) -> Session:
        while len(self._sessions) <= side:
            ends: tuple[tuple[End, Table], ...] = (
                (self.how.link.child, self.child),
                (self.how.link.parent, self.parent),
            )
            self._sessions.append(self.desk.reading(*ends[len(self._sessions)]))
        return self._sessions[side]
