"""What happens in a move while it happens, as nouns: the live view and the stream of ``--json`` are made of these.

A class is a kind of event under its name in small letters, its docstring is its section in the documentation, and
every key says itself what it holds.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Annotated, TypeAlias, get_args

from freehold.finding import JsonObject, Level
from freehold.move.machine import Phase


class Step(StrEnum):
    """The pieces of work that a move consists of."""

    BACKUP = "backup"
    PROVISION = "provision"
    STRUCTURE = "structure"
    COPY = "copy"
    INDEX = "index"
    FOLLOW = "follow"
    VERIFY = "verify"
    ARM = "arm"
    TRIAL = "trial"
    STEADY = "steady"
    HOLD = "hold"
    FENCE = "fence"
    DRAIN = "drain"
    SEQUENCES = "sequences"
    OPEN = "open"
    REDIRECT = "redirect"
    HEAL = "heal"
    SOAK = "soak"
    COMPLETE = "complete"
    ABORT = "abort"
    ROLES = "roles"
    OWNERSHIP = "ownership"
    BRIDGE = "bridge"


STEPS: Mapping[Step, str] = {
    Step.BACKUP: "save the service, restore it elsewhere, compare",
    Step.PROVISION: "make roles, database, extensions and empty schemas at the new home",
    Step.STRUCTURE: "make tables, types, functions and views there",
    Step.COPY: "copy the rows of one snapshot",
    Step.INDEX: "make indexes, constraints, triggers, policies and grants",
    Step.FOLLOW: "let the new home follow, until it has caught up",
    Step.VERIFY: "compare every row, and the definitions",
    Step.ARM: "before a switch: make the way back",
    Step.TRIAL: "before a switch: log in to the other home through the pool",
    Step.STEADY: "before a switch: wait until rows cross quickly",
    Step.HOLD: "in the pause: let transactions end, hold back what comes",
    Step.FENCE: "in the pause: close the home that serves",
    Step.DRAIN: "in the pause: wait until everything has arrived",
    Step.SEQUENCES: "in the pause: set the sequences, and begin the way back here",
    Step.OPEN: "in the pause: open the other home",
    Step.REDIRECT: "in the pause: lead the pool there, and let it go",
    Step.HEAL: "end a switch that was interrupted",
    Step.SOAK: "wait at the new home, as `auto --soak` asks",
    Step.COMPLETE: "end the way back, put the old tables away",
    Step.ABORT: "remove what the move made",
    Step.ROLES: "in place: make the roles of the other layout",
    Step.OWNERSHIP: "in place: give them what the service owns and may do",
    Step.BRIDGE: "in place: let the login that the service used so far go on working",
}
"""What is done in each piece of work."""


class Dog(StrEnum):
    """What a watchdog is at."""

    STARTED = "started"
    ENDED = "ended"
    HEALING = "healing"
    HEALED = "healed"


@dataclass(frozen=True, slots=True)
class FindingMade:
    """Preflight has something to say. An error keeps the move from starting; the result holds the whole finding."""

    code: Annotated[str, "which check it is, a section of preflight.md"]
    level: Annotated[Level, "how bad it is"]
    object: Annotated[str, "what it is about"]
    title: Annotated[str, "what is wrong"]


@dataclass(frozen=True, slots=True)
class NotTried:
    """Preflight could not try something, which may therefore still fail where it is made. The move goes on."""

    what: Annotated[str, "what was not tried"]
    why: Annotated[str, "what kept it from that"]


@dataclass(frozen=True, slots=True)
class PhaseReached:
    """The move has come to another of its states. It is told once both databases, or the one that opened, say so."""

    phase: Annotated[Phase, "the state, one of move-states.md"]


@dataclass(frozen=True, slots=True)
class StepBegun:
    """A piece of work begins."""

    step: Annotated[Step, "which one"]


@dataclass(frozen=True, slots=True)
class StepDone:
    """A piece of work is done. A piece that fails has no such event: `retried` or the result says why."""

    step: Annotated[Step, "which one"]
    ms: Annotated[float, "how long it took"]


@dataclass(frozen=True, slots=True)
class TableSaved:
    """A table of the backup was summed up in the service's database, or compared in the one it was restored into."""

    doing: Annotated[str, "`summed` or `compared`"]
    table: Annotated[str, "schema.table"]
    done: Annotated[int, "tables so far"]
    total: Annotated[int, "tables there are"]


@dataclass(frozen=True, slots=True)
class RowsCopied:
    """A part of a table has arrived and is committed. What a table and all of them hold is the servers' estimate."""

    table: Annotated[str, "schema.table"]
    part: Annotated[int, "which part of the table, from 1; parts are copied side by side and end in any order"]
    parts: Annotated[int, "parts that the table has"]
    table_rows: Annotated[int, "rows of this table so far"]
    table_total_rows: Annotated[int, "rows that the table has, about"]
    rows: Annotated[int, "rows of all tables so far"]
    total_rows: Annotated[int, "rows that all tables have, about"]
    bytes: Annotated[int, "bytes sent so far, of all tables"]
    rows_per_s: Annotated[float, "since the copy began"]
    remaining_s: Annotated[float | None, "at this rate; null where nothing can be said"]


@dataclass(frozen=True, slots=True)
class ObjectMade:
    """An index, a constraint or the statistics of a table are there."""

    object: Annotated[str, "what was made"]
    done: Annotated[int, "how many of this group are"]
    total: Annotated[int, "how many the group has; groups follow each other"]


@dataclass(frozen=True, slots=True)
class LagSeen:
    """How far behind the side that follows is: a row was written on the one side and looked for on the other."""

    bytes: Annotated[int | None, "WAL that it has not confirmed; null where there is no slot"]
    ms: Annotated[float | None, "how long the row took; null when it did not come in time"]


@dataclass(frozen=True, slots=True)
class RowsCompared:
    """A piece of a table was compared. Rows that were written meanwhile are compared again, so there may be more than
    the tables hold."""

    table: Annotated[str, "schema.table"]
    rows: Annotated[int, "rows of all tables so far"]
    total_rows: Annotated[int, "rows that all tables have, about"]
    rows_per_s: Annotated[float, "since the comparison began"]
    remaining_s: Annotated[float | None, "at this rate; null where nothing can be said"]


@dataclass(frozen=True, slots=True)
class Verified:
    """A verification, or one look of a continuous one, has ended."""

    mode: Annotated[str, "`full`, `sample` or `counts`"]
    rows: Annotated[int, "rows compared"]
    mismatches: Annotated[int, "rows that differ"]
    unsettled: Annotated[int, "rows that were written at every attempt to compare them"]
    definitions: Annotated[int, "definitions that differ; not looked at in the middle of a continuous verification"]
    equal: Annotated[bool, "whether nothing differs"]


@dataclass(frozen=True, slots=True)
class PauseBegun:
    """From here on clients are held back."""

    limit_ms: Annotated[float, "the longest that it may last"]


@dataclass(frozen=True, slots=True)
class PauseEnded:
    """Clients go on."""

    ms: Annotated[float, "how long they were held back"]
    side: Annotated[str, "where they go on: `source` or `target`"]


@dataclass(frozen=True, slots=True)
class Retried:
    """An attempt to switch was given up and undone, and another one follows; what comes then has the next attempt."""

    reason: Annotated[str, "what was in the way"]
    tries: Annotated[int, "how many attempts there are at most"]


@dataclass(frozen=True, slots=True)
class Waiting:
    """Something waits for what somebody else does."""

    what: Annotated[str, "what waits"]
    why: Annotated[str, "what for, and who holds it where that is known"]


@dataclass(frozen=True, slots=True)
class RolesChanged:
    """A service that stays in its database has the roles of the other layout. Nothing was copied, nobody was held back,
    and there are no phases; the login that it used so far goes on working."""

    database: Annotated[str, "where it lives, before and after: instance/database"]
    owner: Annotated[str, "the role that owns what the service has"]
    app: Annotated[str, "the login that the service shall use, as its env file says"]
    ro: Annotated[str, "the login that only reads"]
    owner_before: Annotated[str, "the role that owned it"]
    app_before: Annotated[str, "the login that it used"]
    ro_before: Annotated[str, "the login that only read"]


@dataclass(frozen=True, slots=True)
class KeyUnchecked:
    """A foreign key across the edge of the service came back with the home that serves, and rows that were written
    while it was away break it. It holds for what is written from now on."""

    key: Annotated[str, "its table and its name, as SQL writes them"]
    why: Annotated[str, "what the server says"]


@dataclass(frozen=True, slots=True)
class Watchdog:
    """The process that frees the service if this one dies was started, has ended, or is at work because a switch
    failed. When this process is killed nobody is left to tell: `freehold move status` does."""

    state: Annotated[Dog, "what it is at"]
    pid: Annotated[int, "its process"]
    side: Annotated[str, "`source` or `target`, which serves, once it has healed the move; else empty"] = ""


Event: TypeAlias = (
    FindingMade
    | NotTried
    | PhaseReached
    | StepBegun
    | StepDone
    | TableSaved
    | RowsCopied
    | ObjectMade
    | LagSeen
    | RowsCompared
    | Verified
    | PauseBegun
    | PauseEnded
    | Retried
    | Waiting
    | RolesChanged
    | KeyUnchecked
    | Watchdog
)

RESULT = "result"
"""The ``event`` of the last line of a stream, which is the answer of the command."""


def kinds(union: object = Event) -> dict[str, type]:
    """Every class of event by the name of its kind, in the order of a move."""
    return {kind(one): one for one in get_args(union)}


def kind(one: type) -> str:
    """``rows_copied`` for ``RowsCopied``."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", one.__name__).lower()


def as_json(event: Event) -> JsonObject:
    """The keys of an event, its kind first."""
    return {"event": kind(type(event)), **asdict(event)}


def remaining_s(done: int, total: int, rate: float) -> float | None:
    """How long the rest takes at a rate a second; None where nothing can be said."""
    return round(max(0, total - done) / rate, 1) if rate > 0 and total else None
