"""What ``freehold move status`` answers, and what every answer about a move says of it."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import TYPE_CHECKING

from freehold.cli import moveworld
from freehold.cli.context import Context
from freehold.cli.out import Block, Cell, Result, Say, Table, Tone
from freehold.errors import Unreachable
from freehold.finding import JsonObject
from freehold.local.clock import SystemClock
from freehold.local.movesfile import Known
from freehold.move.machine import Phase, allowed
from freehold.move.model import SOURCE, TARGET
from freehold.units import about_bytes

if TYPE_CHECKING:
    from freehold.move.run.slots import Slot


def status(context: Context, entries: Sequence[Known], *, judged: bool = True) -> Result:
    """Where each move stands; where ``judged``, something that keeps WAL for nobody is something to be done."""
    rows: list[tuple[str | Cell, ...]] = []
    left: list[Block] = []
    documents: list[JsonObject] = []
    exits = 0
    began_ms = SystemClock().monotonic_ms()
    for entry in entries:
        try:
            told = moveworld.look(context, entry, began_ms, probing=True)
        except Unreachable as error:
            rows.append((entry.move.service, Cell("?", Tone.WARN), _way(entry), "", "", error.message))
            exits = 3
            continue
        one = _told(entry, told)
        documents.append(one)
        phase = Phase(str(one["phase"]))
        left += [_abandoned(entry, slot, phase) for slot in told.slots if slot.abandoned]
        behind = _behind(told)
        if one["phase"] in ("structured", "provisioned", "started"):
            behind = f"{one['copied_rows']:,} of about {one['total_rows'] or 0:,} rows"
        rows.append(
            (entry.move.service, phase.value, _way(entry), behind, _kept(entry, told), " | ".join(allowed(phase)))
        )
    blocks: tuple[Block, ...] = (
        (Table(("service", "phase", "from and to", "behind", "WAL kept", "next"), rows), *left)
        if rows
        else (Say("· no service is being moved", Tone.DIM),)
    )
    pending = 2 if left and judged else 0
    return Result({"action": "status", "moves": documents}, blocks, exit=exits or pending)


def _behind(told: moveworld.Seen) -> str:
    """How far behind the side is that follows: in bytes, and how long a row took to come there."""
    said = [] if told.lag_bytes is None else [f"{told.lag_bytes:,} bytes"]
    if told.probe is not None:
        ms = told.probe.ms
        said.append(f"more than {told.probe.limit_ms / 1000:g} s" if ms is None else f"{ms / 1000:.3f} s")
    return ", ".join(said)


def _kept(entry: Known, told: moveworld.Seen) -> str:
    """What the slots of a move keep, and where."""
    return ", ".join(
        f"{_size(slot)} at {entry.move.place(slot.side).instance}{'' if slot.active else ', not read'}"
        for slot in told.slots
    )


def _abandoned(entry: Known, slot: Slot, phase: Phase) -> Say:
    named = f"--service {shlex.quote(entry.move.service)}"
    ways = [f"`freehold move resume {named}` goes on"]
    if "abort" in allowed(phase):
        ways.append(f"`freehold move abort {named}` gives the move up")
    place = entry.move.place(slot.side).instance
    return Say(
        f'! slot "{slot.name}" keeps {_size(slot)} of WAL at {place}, and nobody reads it: {", ".join(ways)}', Tone.WARN
    )


def _size(slot: Slot) -> str:
    return "nothing (its WAL is gone)" if slot.retained_bytes is None else about_bytes(slot.retained_bytes)


def document_of(context: Context, entry: Known) -> JsonObject:
    """What answers say of a move. Raises Unreachable."""
    return _told(entry, moveworld.look(context, entry))


def _told(entry: Known, told: moveworld.Seen) -> JsonObject:
    found, move = told.sides, entry.move
    phase = (found.get(TARGET) or found[SOURCE]).phase if found else Phase.STARTED
    if entry.in_place:
        phase = Phase.COMPLETED if entry.ended else Phase.SWITCHED
    if SOURCE in found and found[SOURCE].open:
        phase = found[SOURCE].phase
    seen = {**(found[SOURCE].seen if SOURCE in found else {}), **(found[TARGET].seen if TARGET in found else {})}
    return {
        "service": move.service,
        "id": move.id,
        "phase": phase.value,
        "source": f"{move.source.instance}/{move.source.database}",
        "target": f"{move.target.instance}/{move.target.database}",
        "home": next((side for side, one in found.items() if one.open), entry.home),
        "copied_rows": told.copied_rows,
        "total_rows": seen.get("total_rows"),
        "lag_bytes": told.lag_bytes,
        "lag_s": None if told.probe is None or told.probe.ms is None else round(told.probe.ms / 1000, 6),
        "lag_limit_s": None if told.probe is None else told.probe.limit_ms / 1000,
        "slots": [
            {
                "name": one.name,
                "side": one.side,
                "direction": one.direction,
                "active": one.active,
                "followed": one.followed,
                "retained_bytes": one.retained_bytes,
                "wal_status": one.wal_status,
                "abandoned": one.abandoned,
            }
            for one in told.slots
        ],
        "pause_ms": seen.get("pause_ms"),
        "verified": seen.get("verified"),
    }


def _way(entry: Known) -> str:
    move = entry.move
    return f"{move.source.instance}/{move.source.database} → {move.target.instance}/{move.target.database}"
