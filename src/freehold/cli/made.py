"""A plan together with the design it was made from and the steps that were left out of it, ready to show or apply."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from freehold.finding import JsonObject
from freehold.plan import show
from freehold.plan.model import Design, Plan, Step


@dataclass(frozen=True, slots=True)
class Made:
    """``plan`` holds what would be done; ``withheld`` the destructive steps that nobody allowed; ``lent`` the
    short-lived logins that an apply takes back; ``exact`` says that it comes from a file that somebody approved."""

    design: Design
    plan: Plan
    withheld: tuple[Step, ...] = ()
    lent: tuple[str, ...] = ()
    lacking: tuple[str, ...] = ()
    exact: bool = False

    @property
    def summary(self) -> Mapping[str, int]:
        """Steps to create, alter and drop."""
        return show.summary(self.plan)

    @property
    def pending(self) -> bool:
        """Whether anything is left to do, allowed or not."""
        return bool(self.plan.steps or self.withheld)

    def follow(self, command: str) -> str:
        """The command that would do what is left."""
        flags = (" --authoritative" if self.design.authoritative else "") + (
            " --allow-destroy" if self.withheld and not self.plan.steps else ""
        )
        return command + flags

    def steps_document(self) -> JsonObject:
        """The changes and their counts."""
        return {"changes": show.changes(self.plan), "summary": dict(self.summary)}

    def short_document(self) -> JsonObject:
        """The changes, their counts and what was left out."""
        return {
            **self.steps_document(),
            "undeclared": self.undeclared_changes(),
            "withheld": self._changes(self.withheld),
        }

    def document(self) -> JsonObject:
        """What ``plan --json`` answers."""
        return {
            "platform": self.plan.platform,
            "fingerprint": self.plan.fingerprint,
            **self.short_document(),
            "notes": list(self.plan.notes),
        }

    def undeclared_changes(self) -> list[JsonObject]:
        """What would remove the things that nobody declared."""
        return self._changes(self.plan.undeclared)

    def drift(self) -> Mapping[str, int]:
        """For each service, how many things differ from its declaration."""
        return Counter(step.service for step in (*self.plan.steps, *self.plan.undeclared) if step.service)

    def _changes(self, steps: Iterable[Step]) -> list[JsonObject]:
        return show.changes(replace(self.plan, steps=tuple(steps)))


LOGINS = frozenset({"role", "password"})
"""The kinds of steps that make a login."""


def restricted(design: Design, plan: Plan, *, allow_destroy: bool, services: Iterable[str]) -> Made:
    """``plan`` without destructive steps that nobody allowed, and only with the steps of ``services`` if any is named.

    Steps of no service (roles of the platform, server settings) are kept, and those that make the logins with which
    other services read: the steps of the services rest on them.
    """
    wanted = frozenset(services)
    readers = {login.role for login in design.placements.link_logins}
    chosen = tuple(
        step
        for step in plan.steps
        if not wanted or step.service in wanted or not step.service or (step.kind in LOGINS and step.name in readers)
    )
    kept = tuple(step for step in chosen if allow_destroy or not step.destructive)
    withheld = tuple(step for step in chosen if step.destructive and not allow_destroy)
    return Made(design, replace(plan, steps=kept), withheld)
