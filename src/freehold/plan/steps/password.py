"""Gives a login its password, as a SCRAM-SHA-256 verifier made outside the server.

Why: the password itself never reaches the server or its log; a missing, md5 or foreign verifier is replaced.
Where verifiers cannot be read (the admin is not superuser) a password is set only when its role is created.

Lock: none on data; a row of pg_authid.
Undo: a role that had no password loses it again. A password that was replaced cannot be brought back.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar

from freehold.found.model import Found
from freehold.plan.look import look
from freehold.plan.model import Action, Design, Effect, Phase, Statement, Step, StepKind
from freehold.plan.wanted import wanted
from freehold.sqltext import Secret, ident, sql

SCRAM = "SCRAM-SHA-256$"


@dataclass(frozen=True, kw_only=True)
class PasswordStep(Step):
    """The password of a login. ``verifier`` None: none is stored yet, the apply makes one."""

    kind: ClassVar[str] = "password"
    phase: ClassVar[Phase] = Phase.ROLES
    rank: ClassVar[int] = 20
    lock: ClassVar[str] = "none on data; one row of pg_authid"

    reason: str
    had_one: bool = False
    verifier: str | None = field(default=None, repr=False)

    def say(self) -> str:
        kept = "; the old one cannot be brought back" if self.had_one else ""
        return f"set the password of role {ident(self.name)} as a SCRAM-SHA-256 verifier ({self.reason}{kept})"

    def do(self) -> tuple[Effect, ...]:
        return (Statement(sql("ALTER ROLE {} PASSWORD {}", ident(self.name), Secret(self.name))),)

    def undo(self) -> tuple[Effect, ...]:
        return () if self.had_one else (Statement(sql("ALTER ROLE {} PASSWORD NULL", ident(self.name))),)

    def done(self, found: Found) -> bool:
        server = found.servers.get(self.instance)
        role = server.roles.get(self.name) if server else None
        if server is None or role is None:
            return False
        if not server.reads_verifiers:
            return True
        return bool(self.verifier) and role.verifier == self.verifier


def _wants(design: Design, found: Found) -> Iterator[Step]:
    for instance, roles in wanted(design).roles.items():
        for want in roles.values():
            if not want.login:
                continue
            before = look(found).role(instance, want.name)
            verifier = before.verifier if before else None
            if before is None:
                reason = "new role"
            elif verifier is None:
                reason = "it has none"
            elif not verifier.startswith(SCRAM):
                reason = "it is not SCRAM-SHA-256"
            elif want.name not in design.verifiers:
                reason = "the one it has is not known here"
            else:
                reason = "it differs from the stored one"
            yield PasswordStep(
                instance=instance,
                name=want.name,
                service=want.service,
                action=Action.CREATE if verifier is None else Action.ALTER,
                reason=reason,
                had_one=verifier is not None,
                verifier=design.verifiers.get(want.name),
            )


password = StepKind(wants=_wants)
