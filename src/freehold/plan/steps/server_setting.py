"""Sets a parameter of the server: sizes by workload profile and the machine's memory, and what is declared.

Why: PostgreSQL's defaults fit a machine of 2005. Sizes are computed from the memory there is, shared out among the
instances on it; the sentence says whether a reload is enough or a restart is needed, and whether durability is traded.

Lock: none.
Undo: the value that ALTER SYSTEM had written before, or none.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from freehold.found.model import Found, Setting
from freehold.plan.model import Action, Design, Effect, Phase, Statement, Step, StepKind
from freehold.plan.profiles import settings
from freehold.plan.values import same_setting, setting_sql
from freehold.sqltext import ident, keyword, sql

ONLY_AT_START = ("internal", "postmaster")


@dataclass(frozen=True, kw_only=True)
class ServerSetting(Step):
    """One parameter; ``configured`` is what ALTER SYSTEM wrote before (None: nothing), ``running`` what is in force."""

    kind: ClassVar[str] = "server_setting"
    phase: ClassVar[Phase] = Phase.SERVER
    rank: ClassVar[int] = 10
    lock: ClassVar[str] = "none"
    transactional: ClassVar[bool] = False

    value: str
    why: str
    running: str
    configured: str | None
    needs_restart: bool
    trades_durability: bool

    def say(self) -> str:
        need = "a restart" if self.needs_restart else "a reload"
        risk = "; trades durability: a crash may lose commits that were confirmed" if self.trades_durability else ""
        return f"set {self.name} to {self.value} (was {self.running}; {self.why}); needs {need}{risk}"

    def do(self) -> tuple[Effect, ...]:
        return self._to(self.value)

    def undo(self) -> tuple[Effect, ...]:
        return self._to(self.configured)

    def _to(self, value: str | None) -> tuple[Effect, ...]:
        name = ident(*self.name.split("."))
        change = (
            sql("ALTER SYSTEM RESET {}", name)
            if value is None
            else sql("ALTER SYSTEM SET {} = {}", name, setting_sql(self.name, value))
        )
        return (Statement(change), Statement(keyword("SELECT pg_catalog.pg_reload_conf()")))

    def done(self, found: Found) -> bool:
        server = found.servers.get(self.instance)
        setting = server.settings.get(self.name) if server else None
        return setting is not None and is_set(self.name, self.value, setting)


def is_set(name: str, value: str, setting: Setting) -> bool:
    """Written already, though perhaps still waiting for a restart; or in force for another reason."""
    if setting.configured is not None:
        return same_setting(name, setting.configured, value)
    return same_setting(name, setting.value, value)


def _wants(design: Design, found: Found) -> Iterator[Step]:
    for instance in design.placements.instances:
        server = found.servers.get(instance.name)
        if server is None or not server.superuser:
            continue  # said in the notes: ALTER SYSTEM needs a superuser
        for name, want in settings(design, instance).items():
            setting = server.settings.get(name)
            if setting is None and "." not in name and server.settings:
                continue  # said in the notes: this server has no such setting
            yield ServerSetting(
                instance=instance.name,
                name=name,
                action=Action.ALTER,
                value=want.value,
                why=want.why,
                running=setting.value if setting else "unset",
                configured=setting.configured if setting else None,
                needs_restart=setting is not None and setting.context in ONLY_AT_START,
                trades_durability=want.trades_durability,
            )


server_setting = StepKind(wants=_wants)
