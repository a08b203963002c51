"""Makes the tables of another database appear under their own names: as foreign tables, or as replicas.

Why: a service names another service's table the same way wherever that lives. The schema of the source is made again in
the reader's database with exactly the declared tables; the readers' logins get SELECT and nothing else, and everything
belongs to a role that nobody can log in as. Columns and types follow the source: whatever its migrations change, the
same apply or the next one makes the mirror anew. Enums and domains of the source's schema are made under their own
names, other types that PostgreSQL does not bring are text.

Lock: ACCESS EXCLUSIVE on the mirrored tables that change, for the moment of the change; none at the source.
Undo: what was made is dropped, what was changed is made as it was before; rows of a replica come again by copying.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar

from freehold.found.model import Found
from freehold.plan.linked import MirrorWant, arrived, awaited, mirrors
from freehold.plan.mirror import Mirror, changes, drop_all, rebuilt
from freehold.plan.model import Action, Design, Effect, Later, Phase, Step, StepKind
from freehold.sqltext import Sql, ident


@dataclass(frozen=True, kw_only=True)
class AsTheSource(Later):
    """Make the mirror what the source's tables ask for."""

    want: MirrorWant

    def statements(self, found: Found) -> tuple[Sql, ...]:
        return changes(self.want.want(found), self.want.have(found), self.want.owner, self.want.acting_as)


@dataclass(frozen=True, kw_only=True)
class AsBefore(Later):
    """Make the mirror what it was."""

    want: MirrorWant
    before: Mirror

    def statements(self, found: Found) -> tuple[Sql, ...]:
        have = self.want.have(found)
        if not self.before.there:
            return tuple(drop_all(have)) if have.there else ()
        return changes(self.before, have, self.want.owner, self.want.acting_as, only=True)


@dataclass(frozen=True, kw_only=True)
class MirrorStep(Step):
    """One mirrored schema of one reader's database. ``waits`` are migrations that run at the source before."""

    kind: ClassVar[str] = "mirror"
    phase: ClassVar[Phase] = Phase.LINKS
    rank: ClassVar[int] = 40
    lock: ClassVar[str] = "ACCESS EXCLUSIVE on the mirrored tables that change; none at the source"

    want: MirrorWant
    before: Mirror
    target: Mirror = field(compare=False)
    waits: tuple[tuple[str, str], ...] = field(default=(), compare=False)

    def say(self) -> str:
        link, schema = self.want.link, ident(self.name)
        made = [t.name for t in self.target.tables if self.before.table(t.name) is None]
        again = rebuilt(self.target, self.before)
        parts = [f"{'replica' if not t.server else 'foreign table'} {ident(t.name)}" for t in self.target.tables]
        what = [part for part, t in zip(parts, self.target.tables, strict=True) if t.name in made]
        told = [f"create {', '.join(what)}"] if what else []
        if again:
            told.append(f"make {', '.join(str(ident(name)) for name in sorted(again))} anew, whose columns changed")
        if self.waits:
            told.append("follow the source's migrations")
        source = f"of database {ident(link.source[1])}"
        return f"mirror schema {schema} {source}: {'; '.join(told) or 'give its readers their rights'}"

    def do(self) -> tuple[Effect, ...]:
        planned = changes(self.target, self.before, self.want.owner, self.want.acting_as)
        return (AsTheSource(reads=self._places(), planned=planned, want=self.want),)

    def undo(self) -> tuple[Effect, ...]:
        return (AsBefore(reads=self._places(), planned=(), want=self.want, before=self.before),)

    def _places(self) -> tuple[tuple[str, str], ...]:
        return (self.want.link.reader, self.want.link.source)

    def done(self, found: Found) -> bool:
        if not arrived(found, self.want.link.source, self.waits):
            return False
        return not changes(self.want.want(found), self.want.have(found), self.want.owner, self.want.acting_as)


def _wants(design: Design, found: Found) -> Iterator[Step]:
    for want in mirrors(design, found):
        if want.link.source[0] not in design.endpoints or want.blocked(found):
            continue  # said in the notes
        instance, database = want.link.reader
        before = want.have(found)
        readers = [name for name, _ in want.roles]
        yield MirrorStep(
            instance=instance,
            database=database,
            name=want.schema,
            service=readers[0] if len(readers) == 1 else "",
            action=Action.ALTER if before.there else Action.CREATE,
            want=want,
            before=before,
            target=want.want(found),
            waits=awaited(design, found, want.link),
        )


mirror = StepKind(wants=_wants)
