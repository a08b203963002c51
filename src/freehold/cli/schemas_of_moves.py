"""The JSON Schema of what `freehold move` answers."""

from __future__ import annotations

from freehold.cli.schema_words import COUNT, FINDING, TEXT, Schema, list_of, object_of, one_of
from freehold.move.machine import Phase

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
        "pause_ms": {"type": ["number", "null"], "minimum": 0},
        "verified": {
            "anyOf": [
                {"type": "null"},
                object_of({"mode": TEXT, "rows": COUNT, "mismatches": COUNT, "at": TEXT}, optional=("at",)),
            ]
        },
    }
)

DOCUMENTS: dict[str, dict[str, Schema]] = {
    "move": {
        "action": TEXT,
        "moves": list_of(_MOVE),
        "findings": list_of(FINDING),
        "verifications": list_of(
            object_of({"service": TEXT, "report": {"type": "object"}, "definitions": list_of(TEXT)})
        ),
    },
}
"""The keys of the document, besides schema_version, command and ok."""
