"""Creates a role, or brings the attributes of an existing one back to what the design wants.

Why: a service's owner role must not log in, no login may be superuser, create roles, replicate or bypass row
security, and every login has a connection limit, so that one service cannot take all connections.

Lock: none on data; a row of pg_authid.
Undo: a role that was created is dropped; an attribute that was changed gets its old value.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import ClassVar

from freehold.found.model import Found, Role
from freehold.plan.lent import lent
from freehold.plan.look import look
from freehold.plan.model import Action, Design, Effect, Phase, Statement, Step, StepKind
from freehold.plan.rights import may_give_backup_attributes
from freehold.plan.wanted import wanted
from freehold.plan.wanted_model import WantedRole
from freehold.spec.names import slug
from freehold.sqltext import Sql, ident, join, keyword, literal, sql, words

FLAGS = ("login", "superuser", "inherit", "createrole", "createdb", "replication", "bypassrls")
OURS = ("_owner", "_app", "_ro", "_deploy", "_link", "_repl")
FOR_EVER = (None, "infinity")


@dataclass(frozen=True, kw_only=True)
class RoleStep(Step):
    """A role with the attributes that ``want`` holds; ``before`` is the role as found, None when it is missing."""

    kind: ClassVar[str] = "role"
    phase: ClassVar[Phase] = Phase.ROLES
    rank: ClassVar[int] = 10
    lock: ClassVar[str] = "none on data; one row of pg_authid"

    want: Role
    before: Role | None = None

    def say(self) -> str:
        if self.before is None:
            return f"create role {ident(self.name)}: {self._options(self.want, None)}"
        to, was = self._options(self.want, self.before), self._options(self.before, self.want)
        return f"alter role {ident(self.name)}: {to} (was {was})"

    def do(self) -> tuple[Effect, ...]:
        if self.before is None:
            return (Statement(sql("CREATE ROLE {} {}", ident(self.name), self._options(self.want, None))),)
        return (Statement(sql("ALTER ROLE {} {}", ident(self.name), self._options(self.want, self.before))),)

    def undo(self) -> tuple[Effect, ...]:
        if self.before is None:
            return (Statement(sql("DROP ROLE {}", ident(self.name))),)
        return (Statement(sql("ALTER ROLE {} {}", ident(self.name), self._options(self.before, self.want))),)

    def done(self, found: Found) -> bool:
        role = look(found).role(self.instance, self.name)
        return role is not None and not _differs(self.want, role)

    @staticmethod
    def _options(to: Role, start: Role | None) -> Sql:
        """Only what differs is named: a login that is not superuser may not even mention some attributes."""
        base = start if start is not None else Role(to.name)
        options = [_flag(flag, getattr(to, flag)) for flag in FLAGS if getattr(to, flag) != getattr(base, flag)]
        if start is None and not to.login:
            options.insert(0, keyword("NOLOGIN"))
        if to.connection_limit != base.connection_limit:
            options.append(sql("CONNECTION LIMIT {}", to.connection_limit))
        if to.valid_until != base.valid_until and not {to.valid_until, base.valid_until} <= set(FOR_EVER):
            options.append(sql("VALID UNTIL {}", literal(to.valid_until or "infinity")))
        return join(" ", options)


def _flag(flag: str, value: bool) -> Sql:
    return words(flag.upper() if value else "NO" + flag.upper())


def _differs(want: Role, have: Role) -> bool:
    return (
        any(getattr(want, flag) != getattr(have, flag) for flag in FLAGS)
        or want.connection_limit != have.connection_limit
        or (want.valid_until != have.valid_until and not {want.valid_until, have.valid_until} <= set(FOR_EVER))
    )


def as_role(want: WantedRole, before: Role | None, *, privileged: bool) -> Role:
    """The attributes wanted; without the right to give REPLICATION and BYPASSRLS they stay as they are."""
    return Role(
        want.name,
        login=want.login,
        connection_limit=want.connection_limit,
        replication=want.replication if privileged else bool(before and before.replication),
        bypassrls=want.bypassrls if privileged else bool(before and before.bypassrls),
    )


def _wants(design: Design, found: Found) -> Iterator[Step]:
    for instance, roles in wanted(design).roles.items():
        server = found.servers.get(instance)
        for want in roles.values():
            before = look(found).role(instance, want.name)
            target = as_role(want, before, privileged=server is None or may_give_backup_attributes(server))
            yield RoleStep(
                instance=instance,
                name=want.name,
                service=want.service,
                action=Action.CREATE if before is None else Action.ALTER,
                want=target,
                before=before,
            )


def _drift(design: Design, found: Found) -> Iterator[Step]:
    """Logins that carry the platform's name and one of Freehold's endings, and that nobody declares any more."""
    start = slug(design.platform.name) + "_"
    for instance, roles in wanted(design).roles.items():
        server = found.servers.get(instance)
        if server is None:
            continue
        away = lent(design, server)
        for role in sorted(server.roles.values(), key=lambda role: role.name):
            ours = role.name.startswith(start) and role.name.endswith(OURS)
            if ours and role.login and role.name not in roles and not role.superuser and role.name not in away:
                yield RoleStep(
                    instance=instance,
                    name=role.name,
                    action=Action.ALTER,
                    destructive=True,
                    want=replace(role, login=False),
                    before=role,
                )


role = StepKind(wants=_wants, drift=_drift)
