"""Grants that cross a service boundary inside one database: one step for each schema and each service that asks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar

from freehold.found.model import Found
from freehold.plan.grants import GrantStep, acts_as, has_pending, missing
from freehold.plan.model import Design
from freehold.plan.wanted import wanted
from freehold.plan.wanted_model import Origin

Kind = TypeVar("Kind", bound=GrantStep)


def wants_of(origin: Origin, kind: type[Kind]) -> Callable[[Design, Found], Iterator[Kind]]:
    """What the declaration asks for by ``origin``, as steps of ``kind``; only what is missing."""

    def wants(design: Design, found: Found) -> Iterator[Kind]:
        for (instance, database), want in wanted(design).databases.items():
            for name, schema in want.schemas.items():
                wishes = [wish for wish in schema.wishes if wish.origin == origin]
                if not wishes:
                    continue
                pending = has_pending(design, found, want, schema.service)
                for service in sorted({wish.service for wish in wishes}):
                    mine = [wish for wish in wishes if wish.service == service]
                    entries = tuple(missing(found, want, mine, pending=pending))
                    if entries:
                        yield kind(
                            instance=instance,
                            database=database,
                            name=name,
                            service=service,
                            entries=entries,
                            acting_as=acts_as(found, instance, schema.owner),
                        )

    return wants
