"""Applies a platform to real servers the way the command line does: real secrets file, clock and shell."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from freehold.apply.run import Applied, apply, undo
from freehold.found.model import Found
from freehold.local.clock import SystemClock
from freehold.local.commands import ShellCommands
from freehold.local.secretsfile import SecretsFile
from freehold.plan.make import make
from freehold.plan.model import Design, MigrationFile, Plan
from freehold.ports import Servers
from freehold.spec.model import Platform
from support.plans import design, read

WHO = "tester@here"


@dataclass
class Heard:
    """Implements ports.Progress: everything that was said, in order."""

    said: list[str] = field(default_factory=list)
    counts: list[tuple[int, int]] = field(default_factory=list)
    listen: Callable[[str], None] = lambda what: None

    def event(self, what: str, done: int, total: int) -> None:
        assert done <= total
        self.said.append(what)
        self.counts.append((done, total))
        self.listen(what)


@dataclass
class Workshop:
    """One platform on real servers, with a folder for its secrets and its migrations."""

    servers: Servers
    folder: Path
    platform: Platform
    migrations: Mapping[str, tuple[MigrationFile, ...]] = field(default_factory=dict)
    commands: Mapping[str, str] = field(default_factory=dict)
    heard: Heard = field(default_factory=Heard)

    def __post_init__(self) -> None:
        self.secrets = SecretsFile(self.folder / ".freehold" / "secrets.json", {})

    def design(self) -> Design:
        wanted = design(self.platform, migrations=dict(self.migrations), commands=dict(self.commands))
        return replace(
            wanted,
            verifiers=self.secrets.known(),
            digests=self.secrets.digests(),
            endpoints={name: address.endpoint for name, address in self.servers.addresses().items()},
        )

    def found(self) -> Found:
        return read(self.servers, self.design())

    def plan(self) -> Plan:
        return make(self.design(), self.found())

    def apply(self, plan: Plan | None = None, servers: Servers | None = None, **options: object) -> Applied:
        return self._run(apply, plan or self.plan(), servers or self.servers, options)

    def undo(self, plan: Plan, **options: object) -> Applied:
        return self._run(undo, plan, self.servers, options)

    def _run(self, verb: Callable[..., Applied], plan: Plan, servers: Servers, options: dict[str, object]) -> Applied:
        return verb(
            plan,
            self.design(),
            servers,
            self.secrets,
            SystemClock(),
            ShellCommands(self.folder),
            self.heard,
            who=WHO,
            **options,
        )

    def sentences(self) -> list[str]:
        """What is left to do, in words; empty when the platform is as declared."""
        return [step.say() for step in self.plan().steps]


def sql_file(name: str, text: str) -> MigrationFile:
    """A migration as local.migrations reads it."""
    import hashlib

    from freehold.apply.script import marker

    return MigrationFile(name, hashlib.sha256(text.encode()).hexdigest(), text, marker(text) is None)
