"""The row of a move on each side, as SQL and as a noun."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import cast

from freehold.layouts.model import Home, ServiceRoles
from freehold.move.machine import Phase
from freehold.move.model import SOURCE, Move, Side
from freehold.spec.model import Layout
from freehold.sqltext import Sql, keyword, literal, sql

Json = dict[str, object]
Row = tuple[object, ...]

MADE_DATABASE, MADE_LINKS = "made_database", "made_links"
"""Keys of ``seen`` at the source: the move made the database of its target, or links there; an abort removes them."""

NEW_ATTEMPT = keyword("SELECT pg_catalog.gen_random_uuid()::text")
HAS_TABLE = keyword("SELECT pg_catalog.to_regclass('freehold.move') IS NOT NULL")
ALL = keyword("SELECT id, side, open, epoch, phase, plan::text, seen::text FROM freehold.move ORDER BY started_at, id")


@dataclass(frozen=True, slots=True)
class Standing:
    """What one side says of a move. ``seen`` holds figures for people (rows copied, pauses, verifications), and what
    was made for the move besides the service itself."""

    move: Move
    side: str
    open: bool
    epoch: int
    phase: Phase
    seen: Mapping[str, object] = field(default_factory=dict)


def standing(row: Row) -> Standing:
    """A row of ``ALL``."""
    _, side, is_open, epoch, phase, plan, seen = row
    return Standing(
        read(cast(Json, json.loads(str(plan)))),
        str(side),
        is_open is True,
        int(str(epoch)),
        Phase(str(phase)),
        cast(Json, json.loads(str(seen))),
    )


def insert(move: Move, side: str, who: str) -> Sql:
    """Write the row of one side; an earlier one of the same id stays as it is. The source begins open, in epoch 1."""
    return sql(
        "INSERT INTO freehold.move (id, service, side, open, epoch, phase, plan, who)"
        " VALUES ({}, {}, {}, {}, {}, 'started', {}::pg_catalog.jsonb, {}) ON CONFLICT (id) DO NOTHING",
        literal(move.id),
        literal(move.service),
        literal(side),
        keyword("true") if side == SOURCE else keyword("false"),
        1 if side == SOURCE else 0,
        literal(json.dumps(written(move))),
        literal(who),
    )


def to_phase(move: Move, phase: Phase) -> Sql:
    """Say where the move stands. Only for people and for ``start``: who is open is told by ``open`` and ``epoch``."""
    return sql(
        "UPDATE freehold.move SET phase = {}, changed_at = pg_catalog.clock_timestamp() WHERE id = {}",
        literal(phase.value),
        literal(move.id),
    )


def note(move: Move, facts: Mapping[str, object]) -> Sql:
    """Add to what is known of the move."""
    return sql(
        "UPDATE freehold.move SET seen = seen || {}::pg_catalog.jsonb WHERE id = {}",
        literal(json.dumps(dict(facts))),
        literal(move.id),
    )


def claim(move: Move, attempt: str) -> Sql:
    """Take this side over: a transaction of an earlier attempt either has ended here by now, or will fail. Waits for
    one that has got as far as the row."""
    return sql("UPDATE freehold.move SET attempt = {} WHERE id = {}", literal(attempt), literal(move.id))


def close(move: Move, attempt: str, phase: Phase) -> Sql:
    """Close this side; belongs in the transaction that lets the guards refuse."""
    return _turn(move, attempt, sql("open = false, phase = {}", literal(phase.value)), keyword("open"))


def opened(move: Move, attempt: str, epoch: int, phase: Phase) -> Sql:
    """Open this side under ``epoch``; belongs in the transaction that lets the guards rest. Fails where the side is
    open already, was told of a later epoch, or was taken over by another attempt."""
    change = sql("open = true, epoch = {}, phase = {}", epoch, literal(phase.value))
    return _turn(move, attempt, change, sql("NOT open AND epoch <= {}", epoch))


def _turn(move: Move, attempt: str, change: Sql, condition: Sql) -> Sql:
    return sql(
        "DO $freehold$ BEGIN UPDATE freehold.move SET {}, changed_at = pg_catalog.clock_timestamp()"
        " WHERE id = {} AND attempt = {} AND {};"
        " IF NOT FOUND THEN RAISE EXCEPTION 'somebody else has taken this move over'"
        " USING ERRCODE = 'object_not_in_prerequisite_state'; END IF; END $freehold$",
        change,
        literal(move.id),
        literal(attempt),
        condition,
    )


def written(move: Move) -> Json:
    """The move as JSON."""
    return {
        "id": move.id,
        "platform": move.platform,
        "service": move.service,
        "layout": move.layout,
        "source": [move.source.instance, move.source.database],
        "target": [move.target.instance, move.target.database],
        "schemas": list(move.schemas),
        "source_roles": _roles(move.source_roles),
        "target_roles": _roles(move.target_roles),
        "came": home_written(move.came),
        "goes": home_written(move.goes),
    }


def read(got: Mapping[str, object]) -> Move:
    """The inverse of ``written``."""
    source, target = cast("list[str]", got["source"]), cast("list[str]", got["target"])
    return Move(
        id=str(got["id"]),
        platform=str(got["platform"]),
        service=str(got["service"]),
        layout=str(got["layout"]),
        source=Side(source[0], source[1]),
        target=Side(target[0], target[1]),
        schemas=tuple(cast("list[str]", got["schemas"])),
        source_roles=ServiceRoles(*cast("list[str]", got["source_roles"])),
        target_roles=ServiceRoles(*cast("list[str]", got["target_roles"])),
        came=home_read(cast("list[str]", got["came"])),
        goes=home_read(cast("list[str]", got["goes"])),
    )


def home_written(home: Home) -> list[str]:
    return [home.layout.value, home.instance, home.database]


def home_read(got: list[str]) -> Home:
    return Home(Layout(got[0]), got[1], got[2])


def _roles(roles: ServiceRoles) -> list[str]:
    return [roles.owner, roles.app, roles.ro]
