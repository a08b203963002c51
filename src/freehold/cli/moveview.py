"""What a person sees of a move while it runs: states and pauses as lines that stay, progress as one that changes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import assert_never

from freehold.cli.feed import Told
from freehold.cli.progress import Bar, drawn
from freehold.move.events import (
    Dog,
    Event,
    FindingMade,
    KeyUnchecked,
    LagSeen,
    NotTried,
    ObjectMade,
    PauseBegun,
    PauseEnded,
    PhaseReached,
    Retried,
    RolesChanged,
    RowsCompared,
    RowsCopied,
    StepBegun,
    StepDone,
    TableSaved,
    Verified,
    Waiting,
    Watchdog,
)
from freehold.units import about_bytes


@dataclass(frozen=True, slots=True)
class Line:
    """``stays``: it is not drawn over by the next. ``last``: it is shown however soon it comes."""

    text: str
    stays: bool = False
    last: bool = False


class View:
    """Shows the events of one move on stderr."""

    def __init__(self, bar: Bar) -> None:
        self._bar = bar

    def take(self, told: Told) -> None:
        shown = line(told.event)
        if shown is None:
            return
        text = f"{told.move.service}: {shown.text}"
        if shown.stays:
            self._bar.keep(f"· {text}")
        else:
            self._bar.show(lambda _: text, last=shown.last)


def line(event: Event) -> Line | None:
    """What is shown of an event; nothing of what the answer of the command says anyway."""
    match event:
        case FindingMade() | StepDone():
            return None
        case NotTried():
            return Line(f"not tried: {event.what} ({event.why})", stays=True)
        case PhaseReached():
            return Line(event.phase.value, stays=True)
        case StepBegun():
            return Line(f"{event.step.value} ...")
        case TableSaved():
            return _count(f"backup, {event.doing} {event.table}", event.done, event.total)
        case RowsCopied():
            part = f" part {event.part} of {event.parts}" if event.parts > 1 else ""
            what = f"{about_bytes(event.bytes)}  copied {event.table}{part}"
            return _rows(event, what)
        case ObjectMade():
            return _count(event.object, event.done, event.total)
        case LagSeen():
            took = "more than the limit" if event.ms is None else f"{event.ms:.0f} ms"
            return Line(f"a row takes {took} to cross, {event.bytes or 0:,} bytes behind")
        case RowsCompared():
            return _rows(event, f"compared {event.table}")
        case Verified():
            differ = event.mismatches + event.unsettled + event.definitions
            return Line(f"{event.rows:,} rows: {'equal' if event.equal else f'{differ:,} differences'}", stays=True)
        case PauseBegun():
            return Line(f"clients are held back, for {event.limit_ms:.0f} ms at most", last=True)
        case PauseEnded():
            return Line(f"clients waited {event.ms:.0f} ms, and go on at the {event.side}", stays=True)
        case Retried():
            return Line(f"{event.reason}; trying again, {event.tries} times at most", stays=True)
        case Waiting():
            return Line(f"{event.what} waits for {event.why}")
        case RolesChanged():
            return Line(f"{event.owner} owns what {event.owner_before} owned, in {event.database}", stays=True)
        case KeyUnchecked():
            return Line(f"foreign key {event.key} stays unchecked: {event.why}", stays=True)
        case Watchdog():
            return _watchdog(event)
        case _:
            assert_never(event)


def _watchdog(event: Watchdog) -> Line | None:
    match event.state:
        case Dog.STARTED | Dog.ENDED:
            return None
        case Dog.HEALING:
            return Line("the switch failed; its watchdog frees the service", stays=True)
        case Dog.HEALED:
            return Line(f"the watchdog freed the service: its {event.side} serves", stays=True)
        case _:
            assert_never(event.state)


def _rows(event: RowsCopied | RowsCompared, what: str) -> Line:
    left = "" if event.remaining_s is None else f"{event.remaining_s:.0f} s left  "
    rows = f"{drawn(event.rows, event.total_rows)} {event.rows:,}/{event.total_rows:,} rows"
    return Line(f"{rows}  {event.rows_per_s:,.0f} rows/s  {left}{what}", last=event.rows >= event.total_rows)


def _count(what: str, done: int, total: int) -> Line:
    return Line(f"{drawn(done, total)} {done}/{total}  {what}", last=done >= total)
