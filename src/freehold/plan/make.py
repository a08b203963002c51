"""The plan: what is wanted minus what is found, as ordered steps."""

from __future__ import annotations

from freehold.family import members
from freehold.found.fingerprint import fingerprint
from freehold.found.model import Found
from freehold.plan.model import Design, Plan, Step, StepKind
from freehold.plan.notes import notes
from freehold.plan.order import in_order


def make(design: Design, found: Found) -> Plan:
    """The steps from ``found`` to ``design``, in order; nothing that is already so.

    What nobody declared is listed in ``undeclared``, and planned only when the design is authoritative. Raises
    MigrationError when an applied migration was edited, is missing, or a new one stands before it.
    """
    steps: list[Step] = []
    drift: list[Step] = []
    links = {login.role for login in design.placements.link_logins}
    for kind in members("freehold.plan.steps", StepKind).values():
        steps.extend(step for step in kind.wants(design, found) if not step.done(found))
        if kind.drift is not None:
            for step in kind.drift(design, found):
                if not step.done(found):
                    # a login of Freehold's own that may more than its links need: nobody lives on that
                    (steps if step.takes_from in links else drift).append(step)
    if design.authoritative:
        steps.extend(drift)
        drift = []
    return Plan(
        platform=design.platform.name,
        fingerprint=fingerprint(found),
        steps=in_order(steps),
        undeclared=in_order(drift),
        notes=notes(design, found),
    )
