"""Events of a move: documented, shown, written as JSON that its schema accepts, and never in the way of the move."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import dataclass
from typing import Annotated

import jsonschema
import pytest

from freehold.cli import eventpage
from freehold.cli.feed import Feed, Told
from freehold.cli.interrupted import goes_on
from freehold.cli.moveview import line
from freehold.cli.schemas_of_moves import event_schema
from freehold.finding import Level
from freehold.move import events
from freehold.move.events import Event, kinds
from freehold.move.machine import PREPARING, Phase, allowed
from support.switching import MOVE

EVENTS: tuple[Event, ...] = (
    events.FindingMade("no_key", Level.WARNING, 'table "s"."t"', "it has no key"),
    events.NotTried("the definitions after table s.t", "out of shared memory"),
    events.PhaseReached(Phase.FENCED_BACK),
    events.StepBegun(events.Step.COPY),
    events.StepDone(events.Step.COPY, 12.5),
    events.TableSaved("summed", "s.t", 1, 2),
    events.RowsCopied("s.t", 1, 3, 500, 1500, 2_500, 10_000, 4_000_000, 1250.0, 6.0),
    events.ObjectMade("t_pkey on s.t", 1, 2),
    events.LagSeen(None, None),
    events.LagSeen(12_345, 3.5),
    events.RowsCompared("s.t", 10, 0, 5.0, None),
    events.Verified("full", 10, 1, 2, 3, equal=False),
    events.PauseBegun(2_000.0),
    events.PauseEnded(33.0, "target"),
    events.Retried("a transaction did not end in time", 10),
    events.Waiting("the slot", "transactions that are open"),
    events.RolesChanged("main/shop", "o", "a", "r", "old o", "old a", "old r"),
    events.KeyUnchecked('"s"."t" "key"', "rows break it"),
    *(events.Watchdog(state, 123) for state in events.Dog),
)


def test_every_kind_is_here() -> None:
    assert {type(one) for one in EVENTS} == set(kinds().values())


def test_an_event_is_json_that_its_schema_accepts() -> None:
    accepts = jsonschema.Draft202012Validator(event_schema()).is_valid
    for event in EVENTS:
        told = Told("2026-11-30T00:00:00.000+00:00", MOVE, 2, event)
        document = json.loads(json.dumps({"schema_version": 1, "command": "move", **told.as_json()}))
        assert accepts(document), document
        assert not accepts({**document, "more": 1})
        assert (document["service"], document["attempt"]) == ("shop", 2)


def test_the_view_tells_phases_rate_remaining_time_lag_and_pause() -> None:
    shown = {type(event).__name__: found.text for event in EVENTS if (found := line(event))}
    assert shown["PhaseReached"] == "fenced-back"
    assert "2,500/10,000 rows  1,250 rows/s  6 s left" in shown["RowsCopied"]
    assert "12,345 bytes behind" in shown["LagSeen"]
    assert shown["PauseEnded"] == "clients waited 33 ms, and go on at the target"
    assert "6 differences" in shown["Verified"]


def test_every_kind_and_every_piece_of_work_has_its_place_on_the_page() -> None:
    page = eventpage.page()
    for name in kinds():
        assert f"\n## {name}\n" in page
    for step in events.Step:
        assert f"| `{step.value}` |" in page


@dataclass(frozen=True, slots=True)
class Silent:
    told: Annotated[int, "something"]


@dataclass(frozen=True, slots=True)
class Vague:
    """It says what it is, and one of its keys does not."""

    told: int


def test_a_kind_that_is_not_documented_fails_the_build() -> None:
    with pytest.raises(LookupError, match="event silent"):
        eventpage.page(Silent | events.PhaseReached)
    with pytest.raises(LookupError, match='key "told" of Vague'):
        eventpage.page(Vague | events.PhaseReached)


def test_a_reader_that_stands_still_does_not_hold_up_the_move() -> None:
    stuck, ends, got = threading.Event(), threading.Event(), list[int]()

    def slow(told: Told) -> None:
        stuck.set()
        ends.wait(30)
        got.append(told.attempt)

    with Feed(MOVE, [slow]) as feed:
        began = time.monotonic()
        for attempt in range(1000):
            feed.take(attempt, events.PauseBegun(1.0))
        assert stuck.wait(10)
        assert time.monotonic() - began < 5
        assert got == []
        ends.set()
    assert got == list(range(1000))


def test_what_goes_on_after_an_interruption_is_possible_then() -> None:
    for phase in (*PREPARING, Phase.SWITCHED):
        for action in ("start", "auto", "cutover", "rollback", "verify"):
            on = goes_on(action, phase)
            if on in ("resume", "auto"):
                assert "start" in allowed(phase) or (on, phase) == ("auto", Phase.FOLLOWING)
            elif on == "verify":
                assert phase in (Phase.FOLLOWING, Phase.SWITCHED)
            else:
                assert on in allowed(phase), (action, phase)
