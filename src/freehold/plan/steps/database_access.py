"""Takes CONNECT from PUBLIC on every database of the instance, and gives it to exactly those who need it.

Why: by default everybody may connect to every database, including postgres and template1, and create temporary
tables there. CONNECT goes to the roles of the services inside, to the monitor and to the backup; to analytics where
something is published. A foreign application may also CREATE in its own database.

Lock: none on user data; a row of pg_database.
Undo: what was taken is given back, and what was given is taken.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar

from freehold.found.model import Database, Found, Server
from freehold.plan.grants import listed, named
from freehold.plan.look import look
from freehold.plan.model import Action, Design, Effect, Phase, Statement, Step, StepKind
from freehold.plan.rights import owner_to_be, owns
from freehold.plan.wanted import wanted
from freehold.sqltext import PUBLIC, ident, role, sql

FROM_PUBLIC = ("CONNECT", "CREATE", "TEMPORARY")
BY_DEFAULT = ("CONNECT", "TEMPORARY")
Rights = tuple[tuple[str, tuple[str, ...]], ...]


@dataclass(frozen=True, kw_only=True)
class DatabaseAccess(Step):
    """Rights on a database itself: (grantee, privileges) to revoke and to grant."""

    kind: ClassVar[str] = "database_access"
    phase: ClassVar[Phase] = Phase.DATABASES
    rank: ClassVar[int] = 20
    lock: ClassVar[str] = "none on user data; one row of pg_database"

    revokes: Rights
    grants: Rights

    @property
    def takes_from(self) -> str:
        return self.revokes[0][0] if len(self.revokes) == 1 and not self.grants else ""

    def say(self) -> str:
        parts = [f"revoke {', '.join(rights)} from {named(grantee)}" for grantee, rights in self.revokes]
        parts += [f"grant {', '.join(rights)} to {named(grantee)}" for grantee, rights in self.grants]
        return f"on database {ident(self.name)}: {'; '.join(parts)}"

    def do(self) -> tuple[Effect, ...]:
        return (*self._revoke(self.revokes), *self._grant(self.grants))

    def undo(self) -> tuple[Effect, ...]:
        return (*self._revoke(self.grants), *self._grant(self.revokes))

    def _grant(self, rights: Rights) -> Iterator[Statement]:
        for grantee, privileges in rights:
            yield Statement(sql("GRANT {} ON DATABASE {} TO {}", listed(privileges), ident(self.name), role(grantee)))

    def _revoke(self, rights: Rights) -> Iterator[Statement]:
        for grantee, privileges in rights:
            yield Statement(
                sql("REVOKE {} ON DATABASE {} FROM {}", listed(privileges), ident(self.name), role(grantee))
            )

    def done(self, found: Found) -> bool:
        seen = look(found)
        database = seen.database(self.instance, self.name)
        if database is None:
            return False
        pairs = seen.pairs(database.acl)
        # what an owner holds, it holds by owning: it is gone as soon as the database has another owner
        given = all(who != database.owner and (who, what) in pairs for who, rights in self.grants for what in rights)
        return given and not any((who, what) in pairs for who, rights in self.revokes for what in rights)


def system_access(design: Design, server: Server) -> Mapping[str, frozenset[str]]:
    """Who may connect to the maintenance database: those who look after the whole instance."""
    platform = design.placements.roles
    return {platform.backup: frozenset({"CONNECT"}), platform.monitor: frozenset({"CONNECT"})}


def _wants(design: Design, found: Found) -> Iterator[Step]:
    seen = look(found)
    for instance in wanted(design).roles:
        server = found.servers.get(instance)
        if server is None:
            continue
        ours = {name: want for (where, name), want in wanted(design).databases.items() if where == instance}
        for name in sorted({*ours, *server.databases}):
            before = server.databases.get(name)
            if before is not None and (not before.allow_connections or not owns(server, before.owner)):
                continue  # nobody can connect, or (said in the notes) only its owner can revoke
            access: Mapping[str, frozenset[str]] = {}
            if name in ours:
                access = ours[name].access
            elif name == server.maintenance_database:
                access = system_access(design, server)
            pairs = seen.pairs(before.acl) if before else frozenset((PUBLIC, right) for right in BY_DEFAULT)
            public = tuple(right for right in FROM_PUBLIC if (PUBLIC, right) in pairs)
            owner = owner_to_be(server, before) if before is None or name in ours else before.owner
            if before is not None and owner != before.owner:
                pairs = frozenset((owner if who == before.owner else who, right) for who, right in pairs)
            grants = tuple(
                (who, lost)
                for who, rights in access.items()
                if who != owner and (lost := tuple(right for right in sorted(rights) if (who, right) not in pairs))
            )
            if public or grants:
                yield DatabaseAccess(
                    instance=instance,
                    name=name,
                    service=ours[name].placements[0].service
                    if name in ours and len(ours[name].placements) == 1
                    else "",
                    action=Action.ALTER,
                    # somebody else's database: its users may live on what PUBLIC has
                    destructive=name not in ours and not _system(server, name),
                    revokes=((PUBLIC, public),) if public else (),
                    grants=grants,
                )


def _system(server: Server, name: str) -> bool:
    return name in ("postgres", "template1", server.maintenance_database)


def _drift(design: Design, found: Found) -> Iterator[Step]:
    """Rights on our databases that nobody declared, and rights of our roles on other databases."""
    for instance, roles in wanted(design).roles.items():
        server = found.servers.get(instance)
        if server is None:
            continue
        for name in sorted(server.databases):
            database = server.databases[name]
            want = wanted(design).databases.get((instance, name))
            if not owns(server, database.owner):
                continue
            access: Mapping[str, frozenset[str]] = want.access if want else {}
            if want is None and name == server.maintenance_database:
                access = system_access(design, server)
            extra: dict[str, list[str]] = {}
            for grant in sorted(database.acl):
                passing = grant.privilege == "CONNECT" and (instance, name, grant.grantee) in design.besides
                declared = passing or grant.privilege in access.get(grant.grantee, frozenset())
                known = grant.grantee in (PUBLIC, database.owner, server.user)
                if not declared and not known and (want is not None or grant.grantee in roles):
                    extra.setdefault(grant.grantee, []).append(grant.privilege)
            yield from _revokes(instance, database, extra)


def _revokes(instance: str, database: Database, extra: Mapping[str, list[str]]) -> Iterator[Step]:
    for grantee, rights in sorted(extra.items()):
        yield DatabaseAccess(
            instance=instance,
            name=database.name,
            service="",
            action=Action.DROP,
            destructive=True,
            revokes=((grantee, tuple(rights)),),
            grants=(),
        )


database_access = StepKind(wants=_wants, drift=_drift)
