"""What must not be known before the old tables of a service are put away."""

from __future__ import annotations

from collections.abc import Sequence

from freehold.cli.context import Context
from freehold.cli.movechecks import newest
from freehold.cli.moveworld import world_of
from freehold.cli.shapes import count
from freehold.errors import FreeholdError
from freehold.local.movesfile import Known
from freehold.move.machine import Phase
from freehold.move.model import TARGET


def undisputed(context: Context, entries: Sequence[Known]) -> None:
    """Raise FreeholdError where the last verification found that the homes differ: which of them is right cannot be
    told any more once the old one is put away."""
    from freehold.move.run.healing import standings

    for entry in entries:
        if entry.in_place:
            continue
        with world_of(context, entry.move, dumps=False) as world:
            found = standings(world, entry.move)
        if TARGET not in found or found[TARGET].phase is not Phase.SWITCHED:
            continue
        match newest(found):
            case {"mismatches": int(differs)} if differs:
                service = entry.move.service
                raise FreeholdError(
                    f'the homes of service "{service}" differ in {count(differs, "place")}, says the last verification',
                    hint="`freehold move verify` lists them; look which home is right, and mend the other. To put the"
                    " old tables away nevertheless, complete --unverified.",
                )
