"""Writes pg_hba.conf of an instance we own: one line for each login in each database it may enter, then reject.

Why: a grant given by mistake does not help an attacker whom the server refuses before it looks at grants.
Every line asks for SCRAM-SHA-256; there is no trust, peer or md5 line. Servers we do not own keep their file.

Lock: none; the server is told to reload.
Undo: the lines that were there, as the server had understood them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from freehold.found.model import Found, HbaRule
from freehold.plan.hba import Line, lines, wanted_lines
from freehold.plan.linked import leftover_logins
from freehold.plan.model import Action, Design, Effect, Phase, Step, StepKind, WriteHba
from freehold.sqltext import ident


@dataclass(frozen=True, kw_only=True)
class HostBasedAccess(Step):
    """The whole file of one instance."""

    kind: ClassVar[str] = "host_based_access"
    phase: ClassVar[Phase] = Phase.SERVER
    rank: ClassVar[int] = 20
    lock: ClassVar[str] = "none"
    transactional: ClassVar[bool] = False

    want: tuple[Line, ...]
    before: tuple[HbaRule, ...]

    def say(self) -> str:
        allowed = {(line.database, line.user) for line in self.want if line.method != "reject"}
        return (
            f"write pg_hba.conf of instance {ident(self.instance)}: {len(allowed)} pairs of database and login by "
            f"SCRAM-SHA-256 from this machine, everybody else rejected (was {len(self.before)} rules); needs a reload"
        )

    def do(self) -> tuple[Effect, ...]:
        return (WriteHba(tuple(line.written() for line in self.want)),)

    def undo(self) -> tuple[Effect, ...]:
        return (WriteHba(lines(self.before)),)

    def done(self, found: Found) -> bool:
        server = found.servers.get(self.instance)
        return server is not None and server.hba == tuple(line.rule() for line in self.want)


@dataclass(frozen=True, kw_only=True)
class NarrowedAccess(HostBasedAccess):
    """The whole file again, without logins of links that the same plan ends: they are needed to end them.

    Lock and undo as of the whole file.
    """

    phase: ClassVar[Phase] = Phase.CLEANUP
    rank: ClassVar[int] = 90

    leaving: tuple[str, ...]

    def done(self, found: Found) -> bool:
        # while the logins are there the whole file is written first, also over one that is narrow already
        server = found.servers.get(self.instance)
        return super().done(found) and server is not None and not set(self.leaving) & set(server.roles)


def _wants(design: Design, found: Found) -> Iterator[Step]:
    for instance in design.placements.instances:
        server = found.servers.get(instance.name)
        if instance.owned and server is not None and server.hba is not None:
            leaving = tuple(leftover_logins(design, server))
            first = wanted_lines(design, server, leaving)
            yield HostBasedAccess(
                instance=instance.name,
                name="pg_hba.conf",
                action=Action.ALTER,
                want=first,
                before=server.hba,
            )
            if leaving:
                yield NarrowedAccess(
                    instance=instance.name,
                    name="pg_hba.conf",
                    action=Action.ALTER,
                    destructive=True,
                    want=wanted_lines(design, server),
                    before=tuple(line.rule() for line in first),
                    leaving=tuple(sorted({login for _, login in leaving})),
                )


host_based_access = StepKind(wants=_wants)
