"""Whether a plan that was kept in a file is still the plan: same declaration, same servers, same steps."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from enum import Enum

from freehold.errors import StalePlan
from freehold.finding import JsonObject
from freehold.found.fingerprint import fingerprint
from freehold.found.model import Found
from freehold.plan.make import make
from freehold.plan.model import Design, Plan


@dataclass(frozen=True, slots=True)
class PlanFile:
    """A plan as it was shown and approved. ``changes`` are what ``plan --json`` prints, without any secret."""

    platform: str
    fingerprint: str
    declaration: str
    changes: tuple[JsonObject, ...]


def digest(design: Design) -> str:
    """A digest of everything that is wanted: declaration, migrations and flags. Machine and verifiers take no part."""
    wanted = (design.platform, design.migrations, design.commands, design.authoritative)
    return hashlib.sha256(json.dumps(_plain(wanted), sort_keys=True).encode()).hexdigest()


def check_fresh(file: PlanFile, plan: Plan, design: Design, changes: tuple[JsonObject, ...]) -> None:
    """Raises StalePlan unless ``plan``, made a moment ago with ``changes``, is the plan of the file."""
    again = "Make a new one with `freehold plan --out FILE`, review it, and apply that."
    if file.platform != plan.platform:
        raise StalePlan(
            f'the plan is for platform "{file.platform}", the declaration for "{plan.platform}"', hint=again
        )
    if file.declaration != digest(design):
        raise StalePlan("the declaration or a migration was changed after the plan was made", hint=again)
    if file.fingerprint != plan.fingerprint:
        raise StalePlan("the servers were changed after the plan was made", hint=again)
    if json.dumps(file.changes, sort_keys=True) != json.dumps(changes, sort_keys=True):
        raise StalePlan("the plan file does not hold the steps that its declaration and servers lead to", hint=again)


def still_valid(plan: Plan, design: Design, found: Found, *, exact: bool) -> Plan:
    """The part of ``plan`` that is still to do, seen from ``found``, which was read under the platform's lock.

    What the last sessions of a killed run finished after the plan was made is left out of it; every step that stays
    is one that a plan made now would send too, to the letter. Raises StalePlan when one is not, when nothing of the
    plan is done although the servers changed, and with ``exact`` at any change.
    """
    if fingerprint(found) == plan.fingerprint:
        return plan
    left = tuple(step for step in plan.steps if not step.done(found))
    again = make(design, found)
    now = {step.key: step.do() for step in (*again.steps, *again.undeclared)}
    if exact or len(left) == len(plan.steps) or any(now.get(step.key) != step.do() for step in left):
        raise StalePlan(
            "the servers were changed since the plan was made", hint="Run the command again: it plans anew."
        )
    return replace(plan, steps=left)


def _plain(value: object) -> object:
    if is_dataclass(value):
        return {f.name: _plain(getattr(value, f.name)) for f in fields(value) if f.compare}
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    return value if isinstance(value, bool | int | float | str) or value is None else str(value)
