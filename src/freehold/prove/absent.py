"""What a proof says of an instance that does not answer: every attack by and on its services is unknown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from freehold.finding import Evidence, Finding, Level
from freehold.layouts.model import Placements
from freehold.prove.model import Result, Verdict

CODE = "unreachable"


def without(placements: Placements, absent: Mapping[str, str]) -> Placements:
    """The part of the platform that can be attacked."""
    return replace(
        placements,
        instances=tuple(one for one in placements.instances if one.name not in absent),
        services=tuple(one for one in placements.services if one.instance not in absent),
        links=tuple(one for one in placements.links if one.reader[0] not in absent),
        link_logins=tuple(one for one in placements.link_logins if one.source[0] not in absent),
    )


def doubts(placements: Placements, absent: Mapping[str, str]) -> Iterator[Result]:
    """One unknown for each pair of services of which one lives on an instance of ``absent`` (name to why).

    None of them counts as an attempt, and all of one instance are one finding."""
    for name, why in sorted(absent.items()):
        here = [one.service for one in placements.services if one.instance == name]
        owned = any(one.name == name and one.owned for one in placements.instances)
        shown = ", ".join(f'"{service}"' for service in here) or "no service"
        finding = Finding(
            CODE,
            Level.WARNING,
            "",
            f"instance {name}",
            f"could not be tried: {why}"[:200],
            f"Nothing was tried by or on what lives there: {shown}.",
            (Evidence(why),),
            "freehold up" if owned else f'-- start the server of instance "{name}", or correct its URL',
        )
        pairs = {(one, other.service) for one in here for other in placements.services}
        pairs |= {(other, one) for one, other in pairs}
        for actor, target in sorted(pairs) or [("", "")]:
            yield Result(Verdict.UNKNOWN, actor, target, finding, attempts=0, group=CODE)
