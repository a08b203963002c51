"""What ``freehold adopt`` answers: as a document and as text."""

from __future__ import annotations

from collections.abc import Sequence

from freehold.adopt.checks import shown
from freehold.cli import adopting
from freehold.cli.adopting import Look
from freehold.cli.out import Block, Result, Say, Table, Tone
from freehold.cli.shapes import count, finding_block
from freehold.finding import Finding, JsonObject, Level


def told(looks: Sequence[Look], action: str) -> tuple[Finding, ...]:
    """What there is to say before an action."""
    match action:
        case "undo":
            return tuple(one for look in looks for one in adopting.in_use(look) if one.code == "view_in_use")
        case "drop-views":
            return tuple(one for look in looks for one in adopting.in_use(look))
        case _:
            return tuple(one for look in looks for one in look.findings)


Line = tuple[str, str, str, str]
"""Service, what, from where, to where."""


def pending(looks: Sequence[Look], action: str) -> tuple[Line, ...]:
    """What an action would do."""
    found: list[Line] = []
    for look in looks:
        for share in look.gets:
            old = [one for one in look.seen.old if one.service == share.service]
            if action == "undo":
                found += [(one.service, one.kind.value.lower(), f"{one.target}.{one.name}", one.schema) for one in old]
                continue
            if action == "drop-views":
                found += [(one.service, "old name", f"{one.schema}.{one.name}", "") for one in old if one.view]
            if action == "adopt" or any(one.service == share.service for one in look.seen.old):
                found += [(share.service, one.kind.value.lower(), shown(one), share.schema) for one in share.things]
    return tuple(found)


def answer(looks: Sequence[Look], action: str, told: Sequence[Finding], *, dry_run: bool, done: bool) -> Result:
    """The answer of one run."""
    lines = pending(looks, action)
    stopped = adopting.blocked(told)
    blocks: list[Block] = [finding_block(one) for one in told if one.level is not Level.INFO or dry_run]
    if lines and (dry_run or done):
        rows = [(service, what, old, new) for service, what, old, new in lines]
        blocks.append(Table(("service", "what", "from", "to"), rows))
    if stopped:
        blocks.append(Say("✗ nothing was changed: something is in the way", Tone.BAD))
    elif not lines:
        blocks.append(Say("✓ nothing to do", Tone.GOOD))
    elif done:
        blocks.append(Say(f"✓ {_SAYS[action]} {count(len(lines), 'object')}", Tone.GOOD))
    services: list[JsonObject] = [
        {
            "service": share.service,
            "instance": look.place.instance,
            "database": look.place.database,
            "schema": share.schema,
            "objects": [
                {"kind": what, "from": old, "to": new} for service, what, old, new in lines if service == share.service
            ],
        }
        for look in looks
        for share in look.gets
    ]
    return Result(
        document={
            "action": action,
            "dry_run": dry_run,
            "changed": done,
            "services": services,
            "findings": [one.as_json() for one in told],
        },
        blocks=tuple(blocks),
        exit=2 if stopped or (dry_run and lines) else 0,
        next="freehold apply" if done and action == "adopt" else "",
    )


_SAYS = {"adopt": "adopted", "drop-views": "ended", "undo": "brought back"}
