"""What the benchmarks do over and over: read, plan, apply, prove."""

from __future__ import annotations

from dataclasses import replace

from bench.lab import Lab
from freehold.apply.run import apply
from freehold.found.model import Found
from freehold.local.clock import SystemClock
from freehold.local.commands import ShellCommands
from freehold.plan.make import make
from freehold.plan.model import Design, Plan


class Silent:
    """A Progress that shows nothing."""

    def event(self, what: str, done: int, total: int) -> None:
        """Ignore."""


def found_of(lab: Lab) -> Found:
    """A snapshot of all instances and of the contents of all databases of the platform."""
    databases: dict[str, list[str]] = {instance.name: [] for instance in lab.placements.instances}
    for instance, database in lab.placements.databases():
        databases[instance].append(database)
    return lab.servers.read(tuple(databases), databases)


def plan_of(lab: Lab, design: Design) -> Plan:
    """The plan from what is found now."""
    return make(replace(design, verifiers=lab.secrets.known()), found_of(lab))


def apply_all(lab: Lab, design: Design, plan: Plan) -> None:
    """Apply the plan."""
    apply(plan, design, lab.servers, lab.secrets, SystemClock(), ShellCommands(), Silent(), who="bench")
