"""The states of a move and what leads from one to the next, as a table; the diagram in the docs is made from it.

A state is what both databases agree on. The work of ``start`` is done in order, each piece safe to repeat, so that a
run which was killed is continued from the state that it had reached. Everything up to ``following`` leaves the service
untouched where it is, and ``aborted`` can be reached from there at any time.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from freehold.errors import FreeholdError


class Phase(StrEnum):
    """Where a move stands."""

    STARTED = "started"
    """Preflight and backup are done; nothing is made yet."""
    PROVISIONED = "provisioned"
    """Roles, database, extensions and empty schemas are on the target."""
    STRUCTURED = "structured"
    """Tables, types, functions and views are on the target, without indexes."""
    COPIED = "copied"
    """The rows of one snapshot are on the target."""
    INDEXED = "indexed"
    """Indexes, constraints, keys, triggers, policies and grants are on the target."""
    FOLLOWING = "following"
    """The source serves; the target follows every change."""
    FENCED = "fenced"
    """The source refuses writes, the target does not take them yet: a moment of the cutover."""
    SWITCHED = "switched"
    """The target serves; the source follows every change, ready for the way back."""
    FENCED_BACK = "fenced-back"
    """The target refuses writes, the source does not take them yet: a moment of the rollback."""
    RETIRING = "retiring"
    """The target serves for good; what the move left behind is being put away."""
    COMPLETED = "completed"
    """Done. The old tables wait in a schema of their own until they are dropped."""
    ABORTED = "aborted"
    """Given up; the source serves, and nothing of the move is left."""


@dataclass(frozen=True, slots=True)
class Transition:
    """From ``start`` to ``end`` by a command, or by the watchdog when the command died."""

    start: Phase
    by: str
    end: Phase
    what: str


TABLE: tuple[Transition, ...] = (
    Transition(Phase.STARTED, "start", Phase.PROVISIONED, "make roles, database, extensions and empty schemas"),
    Transition(Phase.PROVISIONED, "start", Phase.STRUCTURED, "make tables, types, functions and views"),
    Transition(Phase.STRUCTURED, "start", Phase.COPIED, "copy the rows of one snapshot"),
    Transition(Phase.COPIED, "start", Phase.INDEXED, "make indexes, constraints, keys, triggers, policies, grants"),
    Transition(Phase.INDEXED, "start", Phase.FOLLOWING, "follow what was written since the snapshot"),
    Transition(Phase.FOLLOWING, "cutover", Phase.FENCED, "hold the pool back, refuse writes at the source"),
    Transition(
        Phase.FENCED, "cutover", Phase.SWITCHED, "everything arrived: open the target, let the pool go on there"
    ),
    Transition(Phase.FENCED, "watchdog", Phase.FOLLOWING, "open the source again"),
    Transition(Phase.SWITCHED, "rollback", Phase.FENCED_BACK, "hold the pool back, refuse writes at the target"),
    Transition(Phase.FENCED_BACK, "rollback", Phase.FOLLOWING, "everything arrived: open the source"),
    Transition(Phase.FENCED_BACK, "watchdog", Phase.SWITCHED, "open the target again"),
    Transition(Phase.SWITCHED, "complete", Phase.RETIRING, "end the way back"),
    Transition(Phase.RETIRING, "complete", Phase.COMPLETED, "put the old tables away, take the guards off"),
    *(
        Transition(phase, "abort", Phase.ABORTED, "remove what the move made on the target and at the source")
        for phase in (
            Phase.STARTED,
            Phase.PROVISIONED,
            Phase.STRUCTURED,
            Phase.COPIED,
            Phase.INDEXED,
            Phase.FOLLOWING,
        )
    ),
)

ENDED = frozenset({Phase.COMPLETED, Phase.ABORTED})
PREPARING = (Phase.STARTED, Phase.PROVISIONED, Phase.STRUCTURED, Phase.COPIED, Phase.INDEXED, Phase.FOLLOWING)
"""What ``start`` goes through, in order."""


def allowed(phase: Phase) -> tuple[str, ...]:
    """The commands that lead on from a state, in the order of the table."""
    return tuple(dict.fromkeys(one.by for one in TABLE if one.start is phase and one.by != "watchdog"))


def demand(service: str, phase: Phase, command: str) -> None:
    """Raise FreeholdError unless ``command`` leads on from ``phase``."""
    if command in allowed(phase):
        return
    can = " or ".join(f"`freehold move {one}`" for one in allowed(phase))
    raise FreeholdError(
        f'service "{service}" cannot {command} now: its move is {phase.value}',
        hint=f"From here: {can}." if can else "This move has ended; `freehold move start` begins another.",
    )


def diagram() -> str:
    """The table as a Mermaid state diagram."""
    lines = ["stateDiagram-v2", "    [*] --> started: start"]
    lines += [f"    {_name(one.start)} --> {_name(one.end)}: {one.by}" for one in TABLE]
    lines += [f"    {_name(phase)} --> [*]" for phase in sorted(ENDED)]
    return "\n".join(lines) + "\n"


def _name(phase: Phase) -> str:
    return phase.value.replace("-", "_")
