"""Takes away mirrors and foreign servers that no declaration asks for any more.

Why: a read that was taken out of the declaration must not go on. Only what carries this platform's mark, or belongs to
its role for mirrors, is ever dropped; the tables of the source are not touched.

Lock: ACCESS EXCLUSIVE on the mirrored tables that go.
Undo: none; declare the read again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from freehold.found.model import Found
from freehold.plan.linked import mirrors, ours, through_servers
from freehold.plan.look import look
from freehold.plan.mirror import Mirror, drop_all, drop_tables, present_mirror
from freehold.plan.model import Action, Design, Effect, Phase, Statement, Step, StepKind
from freehold.plan.wanted import wanted
from freehold.sqltext import ident, role, sql


@dataclass(frozen=True, kw_only=True)
class DropMirror(Step):
    """Tables of a mirror, or (``whole``) all of it with its schema."""

    kind: ClassVar[str] = "drop_mirror"
    phase: ClassVar[Phase] = Phase.LINKS
    rank: ClassVar[int] = 10
    lock: ClassVar[str] = "ACCESS EXCLUSIVE on the mirrored tables that go"
    action: Action = Action.DROP
    destructive: bool = True

    mirror: Mirror
    tables: tuple[str, ...]
    whole: bool
    owner: str

    def say(self) -> str:
        what = ", ".join(str(ident(name)) for name in self.tables)
        if self.whole:
            return f"drop mirror schema {ident(self.name)}, which nobody reads any more; it has no undo"
        return f"drop {what} from mirror schema {ident(self.name)}, which nobody reads any more; it has no undo"

    def do(self) -> tuple[Effect, ...]:
        some = drop_all(self.mirror) if self.whole else drop_tables(self.mirror, self.tables)
        return tuple(Statement(statement) for statement in some)

    def undo(self) -> tuple[Effect, ...]:
        return ()

    def done(self, found: Found) -> bool:
        have = present_mirror(self.name, self.owner, look(found).contents(self.instance, self.database))
        return not have.there if self.whole else not any(have.table(name) for name in self.tables)


@dataclass(frozen=True, kw_only=True)
class DropForeignServer(Step):
    """A foreign server that Freehold made, with its user mappings."""

    kind: ClassVar[str] = "drop_foreign_server"
    phase: ClassVar[Phase] = Phase.LINKS
    rank: ClassVar[int] = 50
    lock: ClassVar[str] = "none on tables"
    action: Action = Action.DROP
    destructive: bool = True

    mappings: tuple[str, ...]

    def say(self) -> str:
        return f"drop foreign server {ident(self.name)} and its {len(self.mappings)} user mappings; it has no undo"

    def do(self) -> tuple[Effect, ...]:
        return (
            *(
                Statement(sql("DROP USER MAPPING FOR {} SERVER {}", role(user), ident(self.name)))
                for user in self.mappings
            ),
            Statement(sql("DROP SERVER {}", ident(self.name))),
        )

    def undo(self) -> tuple[Effect, ...]:
        return ()

    def done(self, found: Found) -> bool:
        servers = look(found).contents(self.instance, self.database).foreign_servers
        return all(one.name != self.name for one in servers)


def _wants(design: Design, found: Found) -> Iterator[Step]:
    owner = design.placements.roles.mirror
    declared = {(want.link.reader, want.schema): want for want in mirrors(design, found)}
    servers = {(link.reader, link.name) for link, _ in through_servers(design)}
    for place in wanted(design).databases:
        instance, database = place
        contents = look(found).contents(instance, database)
        for name, row in sorted(contents.schemas.items()):
            if row.owner != owner:
                continue
            have = present_mirror(name, owner, contents)
            want = declared.get((place, name))
            if want is None:
                every = tuple(table.name for table in have.tables)
                yield _drop(instance, database, have, every, whole=True, owner=owner)
                continue
            kept = {t.name.table for t in want.link.tables if t.name.schema == name}
            target = want.want(found)
            gone = tuple(t.name for t in have.tables if t.name not in kept and target.table(t.name) is None)
            if gone:
                yield _drop(instance, database, have, gone, whole=False, owner=owner)
        for server in contents.foreign_servers:
            if ours(design, server.name) and (place, server.name) not in servers:
                yield DropForeignServer(
                    instance=instance,
                    database=database,
                    name=server.name,
                    mappings=tuple(mapping.user for mapping in server.mappings),
                )


def _drop(
    instance: str, database: str, have: Mirror, tables: tuple[str, ...], *, whole: bool, owner: str
) -> DropMirror:
    return DropMirror(
        instance=instance, database=database, name=have.schema, mirror=have, tables=tables, whole=whole, owner=owner
    )


unlink = StepKind(wants=_wants)
