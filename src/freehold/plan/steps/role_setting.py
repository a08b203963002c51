"""Sets search_path, the timeouts and the declared settings of a login in its database.

Why: unqualified names must mean the service's own tables, with pg_temp last, where no temporary table can hide
one; and a forgotten transaction or a runaway statement must end by itself. What a service declares under ``settings``
and a role may have holds for its own logins, so that two services on one server need not agree. A client can change
all these for its own session: they are defaults, not a wall.

Lock: none on user data; a row of pg_db_role_setting.
Undo: the old value is set again, or the setting removed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from freehold.found.model import Found
from freehold.plan.look import look
from freehold.plan.model import Action, Design, Effect, Phase, Statement, Step, StepKind
from freehold.plan.rights import may_set
from freehold.plan.values import same_setting, setting_sql
from freehold.plan.wanted import wanted
from freehold.sqltext import Sql, ident, sql


@dataclass(frozen=True, kw_only=True)
class RoleSetting(Step):
    """One setting of one role in one database; ``role`` empty is everybody there. ``value`` None removes it.

    The step runs in the maintenance database: ``within`` names the database that the setting is for, empty for all.
    """

    kind: ClassVar[str] = "role_setting"
    phase: ClassVar[Phase] = Phase.DATABASES
    rank: ClassVar[int] = 30
    lock: ClassVar[str] = "none on user data; one row of pg_db_role_setting"

    role: str
    within: str
    setting: str
    value: str | None
    before: str | None

    def say(self) -> str:
        was = f" (was {self.before})" if self.before is not None else ""
        who = f"role {ident(self.role)}" if self.role else "everybody"
        place = f" in database {ident(self.within)}" if self.within else ""
        if self.value is None:
            return f"reset {self.setting} of {who}{place}{was}"
        return f"set {self.setting} of {who}{place} to {self.value}{was}"

    def do(self) -> tuple[Effect, ...]:
        return (Statement(self._to(self.value)),)

    def undo(self) -> tuple[Effect, ...]:
        return (Statement(self._to(self.before)),)

    def _to(self, value: str | None) -> Sql:
        if not self.role:
            target = sql("ALTER DATABASE {}", ident(self.within))
        elif self.within:
            target = sql("ALTER ROLE {} IN DATABASE {}", ident(self.role), ident(self.within))
        else:
            target = sql("ALTER ROLE {}", ident(self.role))
        name = ident(*self.setting.split("."))
        if value is None:
            return sql("{} RESET {}", target, name)
        return sql("{} SET {} = {}", target, name, setting_sql(self.setting, value))

    def done(self, found: Found) -> bool:
        seen = look(found)
        if self.within:
            have = seen.settings(self.instance, self.within).get((self.role, self.setting))
        else:
            role = seen.role(self.instance, self.role)
            have = dict(role.settings).get(self.setting) if role else None
        if self.value is None or have is None:
            return have == self.value
        return same_setting(self.setting, have, self.value)


def _wants(design: Design, found: Found) -> Iterator[Step]:
    seen = look(found)
    for (instance, name), want in wanted(design).databases.items():
        server = found.servers.get(instance)
        have = seen.settings(instance, name)
        for role, key, value in want.settings:
            if server is not None and not may_set(server, key):
                continue  # said in the notes: only a superuser may
            before = have.get((role, key))
            yield RoleSetting(
                instance=instance,
                name=f"{role} in {name}: {key}",
                action=Action.CREATE if before is None else Action.ALTER,
                role=role,
                within=name,
                setting=key,
                value=value,
                before=before,
            )


def _drift(design: Design, found: Found) -> Iterator[Step]:
    """Settings of our roles, and of everybody in our databases, that nobody declared."""
    for instance, roles in wanted(design).roles.items():
        server = found.servers.get(instance)
        if server is None:
            continue
        for name in sorted(server.databases):
            want = wanted(design).databases.get((instance, name))
            declared = {(role, key) for role, key, _ in want.settings} if want else set()
            for role, key, value in sorted(server.databases[name].settings):
                if (role in roles or (want is not None and not role)) and (role, key) not in declared:
                    yield _reset(instance, role, name, key, value)
        for role in roles:
            before = server.roles.get(role)
            for key, value in sorted(before.settings) if before else ():
                yield _reset(instance, role, "", key, value)


def _reset(instance: str, role: str, within: str, key: str, value: str) -> Step:
    return RoleSetting(
        instance=instance,
        name=f"{role or 'everybody'} in {within or 'all databases'}: {key}",
        action=Action.DROP,
        destructive=True,
        role=role,
        within=within,
        setting=key,
        value=None,
        before=value,
    )


role_setting = StepKind(wants=_wants, drift=_drift)
