"""Makes the platform's logins members of the predefined roles they need, and nobody a member of a service's roles.

Why: the monitor needs pg_monitor and the backup pg_read_all_data; any other membership would hand one service's
rights to another. An admin login that is not superuser becomes a member of each owner role, with SET and without
INHERIT, because it must create schemas for them and act as them.

Lock: none on data; rows of pg_auth_members.
Undo: a membership that was given is revoked; one that was revoked is given back with its options.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from freehold.found.model import Found, Membership, Server
from freehold.plan.lent import lent
from freehold.plan.model import Action, Design, Effect, Phase, Statement, Step, StepKind
from freehold.plan.rights import OPTIONS_SINCE, may_grant_membership
from freehold.plan.wanted import wanted
from freehold.spec.names import slug
from freehold.sqltext import Sql, ident, keyword, sql


@dataclass(frozen=True, kw_only=True)
class MembershipStep(Step):
    """``member`` belongs to ``role``; with ``gone`` it no longer shall.

    ``options`` says that the server is 16 or later, where a membership has options of its own.
    """

    kind: ClassVar[str] = "membership"
    phase: ClassVar[Phase] = Phase.ROLES
    rank: ClassVar[int] = 30
    lock: ClassVar[str] = "none on data; one row of pg_auth_members"

    role: str
    member: str
    options: bool
    admin: bool = False
    inherit: bool = True
    set: bool = True
    grantor: str = ""
    gone: bool = False

    def say(self) -> str:
        if self.gone:
            return f"revoke membership of {ident(self.member)} in role {ident(self.role)}"
        return f"make {ident(self.member)} a member of role {ident(self.role)}{self._with(', with ')}"

    def do(self) -> tuple[Effect, ...]:
        return (self._revoke() if self.gone else self._grant(),)

    def undo(self) -> tuple[Effect, ...]:
        return (self._grant() if self.gone else self._revoke(),)

    def done(self, found: Found) -> bool:
        server = found.servers.get(self.instance)
        held = [m for m in server.memberships if (m.role, m.member) == (self.role, self.member)] if server else []
        if self.gone:
            return not any(m.grantor == self.grantor for m in held)
        if not self.options:
            return bool(held)
        return any((m.set or not self.set) and (m.inherit or not self.inherit) for m in held)

    def _with(self, start: str) -> str:
        if not self.options:
            return start + "ADMIN OPTION" if self.admin else ""
        words = [name for name, on in (("ADMIN", self.admin), ("INHERIT", self.inherit), ("SET", self.set)) if on]
        return start + " and ".join(words) if words else ""

    def _grant(self) -> Statement:
        if not self.options:
            admin = keyword(" WITH ADMIN OPTION") if self.admin else Sql(())
            return Statement(sql("GRANT {} TO {}{}", ident(self.role), ident(self.member), admin))
        return Statement(
            sql(
                "GRANT {} TO {} WITH ADMIN {}, INHERIT {}, SET {}{}",
                ident(self.role),
                ident(self.member),
                _bool(self.admin),
                _bool(self.inherit),
                _bool(self.set),
                self._by(),
            )
        )

    def _revoke(self) -> Statement:
        return Statement(sql("REVOKE {} FROM {}{}", ident(self.role), ident(self.member), self._by()))

    def _by(self) -> Sql:
        return sql(" GRANTED BY {}", ident(self.grantor)) if self.grantor and self.options else Sql(())


def _bool(value: bool) -> Sql:
    return keyword("TRUE") if value else keyword("FALSE")


def _wanted_here(design: Design, server: Server) -> Iterator[tuple[str, str, str, bool]]:
    """(role, member, service, inherit) of every membership that shall be."""
    platform = design.placements.roles
    for role, member in (("pg_monitor", platform.monitor), ("pg_read_all_data", platform.backup)):
        if may_grant_membership(server, role):
            yield role, member, "", True
    if not server.superuser:
        for want in wanted(design).roles[server.instance].values():
            if want.purpose in ("owner", "mirror"):
                yield want.name, server.user, want.service, False


def _wants(design: Design, found: Found) -> Iterator[Step]:
    for instance in wanted(design).roles:
        server = found.servers.get(instance)
        if server is None:
            continue
        for role, member, service, inherit in _wanted_here(design, server):
            yield MembershipStep(
                instance=instance,
                name=f"{member} in {role}",
                service=service,
                role=role,
                member=member,
                inherit=inherit,
                options=server.version >= OPTIONS_SINCE,
            )


def _drift(design: Design, found: Found) -> Iterator[Step]:
    """Memberships in or of a role of the platform that nobody declares."""
    start = slug(design.platform.name) + "_"
    for instance, roles in wanted(design).roles.items():
        server = found.servers.get(instance)
        if server is None:
            continue
        declared = {(role, member) for role, member, _, _ in _wanted_here(design, server)}
        declared |= {(owner, login) for login, owner in lent(design, server).items()}
        for m in sorted(server.memberships):
            member = server.roles.get(m.member)
            # A superuser gains nothing by a membership; the admin holds those that its own CREATE ROLE gave it.
            if m.member == server.user or (member is not None and member.superuser):
                continue
            if not (_ours(m, roles) or (m.role.startswith(start) and m.role in server.roles)):
                continue
            if (m.role, m.member) not in declared or m.admin:
                yield MembershipStep(
                    instance=instance,
                    name=f"{m.member} in {m.role} by {m.grantor}",
                    action=Action.DROP,
                    destructive=True,
                    role=m.role,
                    member=m.member,
                    options=server.version >= OPTIONS_SINCE,
                    admin=m.admin,
                    inherit=m.inherit,
                    set=m.set,
                    grantor=m.grantor,
                    gone=True,
                )


def _ours(membership: Membership, roles: object) -> bool:
    return isinstance(roles, dict) and (membership.role in roles or membership.member in roles)


membership = StepKind(wants=_wants, drift=_drift)
