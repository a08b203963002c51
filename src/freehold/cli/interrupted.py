"""What Ctrl-C leaves of a move: where it stands, who serves, and the command that goes on."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from freehold.cli.context import Context
from freehold.errors import FreeholdError, Interrupted
from freehold.local.movesfile import Known
from freehold.move.machine import PREPARING, Phase
from freehold.move.model import SOURCE, Move


@contextmanager
def telling(context: Context, action: str, services: Sequence[str]) -> Iterator[None]:
    """Turn Ctrl-C within the block into an Interrupted that says where the moves of these services (all when empty)
    stand."""
    try:
        yield
    except KeyboardInterrupt:
        entries = [one for one in context.moves.read() if not one.ended]
        told = [_stands(context, action, one) for one in entries if not services or one.move.service in services]
        if not told:
            raise Interrupted("interrupted: no service is on the move", hint="Run the same command again.") from None
        says, goes_on = zip(*told, strict=True)
        raise Interrupted(f"interrupted: {'; '.join(says)}", hint="\n  ".join(goes_on)) from None


def _stands(context: Context, action: str, entry: Known) -> tuple[str, str]:
    from freehold.cli.moveworld import look
    from freehold.move.run.healing import home

    move = entry.move
    if entry.in_place:
        again = _again("start", move)
        return f'service "{move.service}" has some of its new roles, and works', f"Go on with `{again}`."
    try:
        found = look(context, entry).sides
    except FreeholdError as error:
        status = "`freehold move status` tells where it stands, `freehold move resume` goes on."
        return f'it cannot be told where service "{move.service}" stands: {error.message}', status
    side = home(found) or (None if found else SOURCE)
    if side is None:
        return (
            f'service "{move.service}" is in the middle of a switch, and nobody serves it',
            f"Go on with `freehold move resume {_named(move)}`: now.",
        )
    phase = found[side].phase if side in found else Phase.STARTED
    place = move.place(side)
    says = f'the move of service "{move.service}" is {phase.value}; it is served at {place.instance}/{place.database}'
    up = f" `freehold move abort {_named(move)}` gives it up." if phase in PREPARING and action != "abort" else ""
    return says, f"Go on with `{_again(goes_on(action, phase), move)}`.{up}"


def goes_on(action: str, phase: Phase) -> str:
    """The action that goes on where ``action`` was interrupted in a move that stands in ``phase``."""
    if phase in PREPARING and phase is not Phase.FOLLOWING and action not in ("auto", "abort"):
        return "resume"
    match action:
        case "start":
            return "verify"
        case "auto":
            return "auto" if phase in PREPARING else "complete"
        case "cutover":
            return "cutover" if phase is Phase.FOLLOWING else "complete"
        case "rollback":
            return "rollback" if phase is Phase.SWITCHED else "cutover"
        case _:
            return action


def _again(action: str, move: Move) -> str:
    if action not in ("start", "auto"):
        return f"freehold move {action} {_named(move)}"
    goes = move.goes
    words = [f"freehold move {action} --to {goes.layout.value}"]
    words += [f"--to-instance {shlex.quote(goes.instance)}"] if goes.instance else []
    words += [f"--to-database {shlex.quote(goes.database)}"] if goes.database else []
    return " ".join((*words, _named(move)))


def _named(move: Move) -> str:
    return f"--service {shlex.quote(move.service)}"
