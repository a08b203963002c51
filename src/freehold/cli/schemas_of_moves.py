"""The JSON Schemas of what `freehold move` answers, and of what it tells meanwhile."""

from __future__ import annotations

from enum import StrEnum
from types import NoneType
from typing import Annotated, get_args, get_origin, get_type_hints

from freehold.cli.schema_words import COUNT, FINDING, FLAG, MS, TEXT, Schema, list_of, object_of, one_of
from freehold.move.events import RESULT, kinds
from freehold.move.machine import Phase

_SLOT = object_of(
    {
        "name": TEXT,
        "side": one_of("source", "target"),
        "direction": one_of("forward", "reverse", "verification"),
        "active": FLAG,
        "followed": FLAG,
        "retained_bytes": {"type": ["integer", "null"]},
        "wal_status": TEXT,
        "abandoned": FLAG,
    }
)

_MOVE = object_of(
    {
        "service": TEXT,
        "id": TEXT,
        "phase": one_of(*(phase.value for phase in Phase)),
        "source": TEXT,
        "target": TEXT,
        "home": one_of("source", "target", ""),
        "copied_rows": COUNT,
        "total_rows": {"type": ["integer", "null"], "minimum": 0},
        "lag_bytes": {"type": ["integer", "null"]},
        "lag_s": {"type": ["number", "null"], "minimum": 0},
        "lag_limit_s": {"type": ["number", "null"], "minimum": 0},
        "slots": list_of(_SLOT),
        "pause_ms": {"type": ["number", "null"], "minimum": 0},
        "verified": {
            "anyOf": [
                {"type": "null"},
                object_of({"mode": TEXT, "rows": COUNT, "mismatches": COUNT, "at": TEXT}, optional=("at",)),
            ]
        },
    }
)

_PUT_AWAY = object_of(
    {
        "service": TEXT,
        "id": TEXT,
        "instance": TEXT,
        "database": TEXT,
        "schemas": list_of(TEXT),
        "tables": COUNT,
        "bytes": COUNT,
        "completed_at": TEXT,
        "due_at": TEXT,
        "dropped": FLAG,
    }
)
"""Old tables that wait for their end, or met it in this run."""

ENVELOPE: dict[str, tuple[Schema, str]] = {
    "schema_version": ({"const": 1}, "1, until a key changes its meaning or goes away"),
    "command": ({"const": "move"}, "`move`"),
    "event": (TEXT, "what kind of event it is"),
    "at": (TEXT, "when it happened, in UTC, ISO 8601 with milliseconds"),
    "service": (TEXT, "whose move it is about"),
    "move": (TEXT, "the id of the move, as in `freehold move status --json`"),
    "attempt": ({"type": "integer", "minimum": 1}, "which attempt of a switch, from 1; 1 for everything else"),
}
"""What every event holds besides its own keys: schema, and what it says."""

ANSWERED: dict[str, Schema] = {"event": {"const": RESULT}, "at": TEXT, "exit": COUNT}
"""What the answer holds besides its own keys where it is the last line of a stream."""


def event_schema() -> Schema:
    """The JSON Schema of every line of a stream but the last."""
    common = {name: schema for name, (schema, _) in ENVELOPE.items()}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "freehold move --json, a line before the last",
        "oneOf": [
            {
                "description": " ".join(documented(name, one).split()),
                **object_of({**common, "event": {"const": name}, **{key: schema for key, schema, _ in keys(one)}}),
            }
            for name, one in kinds().items()
        ],
    }


def documented(name: str, one: type) -> str:
    """What an event says of itself. Raises LookupError where it says nothing."""
    text = one.__doc__ or ""
    if not text or text.startswith(f"{one.__name__}("):  # what dataclass writes where nobody did
        raise LookupError(f"event {name} of freehold.move.events is not documented: write its docstring")
    return text


def keys(one: type) -> list[tuple[str, Schema, str]]:
    """The keys of an event: name, schema, what it holds. Raises LookupError where a key does not say that."""
    found: list[tuple[str, Schema, str]] = []
    for name, hint in get_type_hints(one, include_extras=True).items():
        if get_origin(hint) is not Annotated:
            raise LookupError(
                f'key "{name}" of {one.__name__} does not say what it holds: write Annotated[type, "..."]'
            )
        kind, says = get_args(hint)
        found.append((name, _schema(kind), str(says)))
    return found


def _schema(kind: object) -> Schema:
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return one_of(*(member.value for member in kind))
    if kind in _WORDS:
        return _WORDS[kind]
    (only,) = [one for one in get_args(kind) if one is not NoneType]
    return {"anyOf": [{"type": "null"}, _WORDS[only]]}


_WORDS: dict[object, Schema] = {str: TEXT, int: COUNT, float: MS, bool: FLAG}

DOCUMENTS: dict[str, dict[str, Schema]] = {
    "move": {
        "action": TEXT,
        "moves": list_of(_MOVE),
        "findings": list_of(FINDING),
        "verifications": list_of(
            object_of({"service": TEXT, "report": {"type": "object"}, "definitions": list_of(TEXT)})
        ),
        "put_away": list_of(_PUT_AWAY),
        **ANSWERED,
    },
}
"""The keys of the document, besides schema_version, command and ok."""
