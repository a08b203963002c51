"""The pieces of JSON Schema that the documents of several commands share."""

from __future__ import annotations

Schema = dict[str, object]

TEXT: Schema = {"type": "string"}
COUNT: Schema = {"type": "integer", "minimum": 0}
FLAG: Schema = {"type": "boolean"}
PORT: Schema = {"type": ["integer", "null"], "minimum": 1, "maximum": 65535}
MS: Schema = {"type": "number", "minimum": 0}


def list_of(items: Schema) -> Schema:
    return {"type": "array", "items": items}


def object_of(properties: dict[str, Schema], *, optional: tuple[str, ...] = ()) -> Schema:
    return {
        "type": "object",
        "properties": properties,
        "required": [name for name in properties if name not in optional],
        "additionalProperties": False,
    }


def one_of(*words: str) -> Schema:
    return {"enum": list(words)}


COMPLAINT = object_of(
    {
        "file": TEXT,
        "line": COUNT,
        "column": COUNT,
        "code": TEXT,
        "level": one_of("error", "warning", "info"),
        "message": TEXT,
        "text": TEXT,
        "hint": TEXT,
    }
)

FINDING = object_of(
    {
        "code": TEXT,
        "level": one_of("error", "warning", "info"),
        "service": TEXT,
        "object": TEXT,
        "title": TEXT,
        "detail": TEXT,
        "evidence": list_of(object_of({"file": TEXT, "line": COUNT, "text": TEXT})),
        "remedy": TEXT,
        "key": TEXT,
    }
)

CHANGE = object_of(
    {
        "action": one_of("create", "alter", "drop"),
        "kind": TEXT,
        "name": TEXT,
        "service": TEXT,
        "instance": TEXT,
        "database": TEXT,
        "sql": list_of(TEXT),
        "destructive": FLAG,
        "lock": TEXT,
        "says": TEXT,
    }
)

SUMMARY = object_of({"create": COUNT, "alter": COUNT, "drop": COUNT})

INSTANCE = object_of(
    {
        "name": TEXT,
        "version": TEXT,
        "host": TEXT,
        "port": PORT,
        "running": FLAG,
        "owned": FLAG,
        "data": TEXT,
        "reason": TEXT,
    }
)

SERVICE_STATUS = object_of(
    {
        "name": TEXT,
        "instance": TEXT,
        "database": TEXT,
        "schemas": list_of(TEXT),
        "roles": object_of({"owner": TEXT, "app": TEXT, "ro": TEXT}),
        "pool": {"anyOf": [{"type": "null"}, object_of({"size": COUNT, "port": PORT})]},
        "drift": {"type": ["integer", "null"], "minimum": 0},
    }
)

RUN = object_of(
    {
        "run": TEXT,
        "who": TEXT,
        "since": TEXT,
        "until": TEXT,
        "done": COUNT,
        "failed": COUNT,
        "unfinished": COUNT,
    }
)

JOURNAL_STEP = object_of(
    {
        "at": TEXT,
        "outcome": one_of("started", "done", "failed", "undone"),
        "instance": TEXT,
        "database": TEXT,
        "action": TEXT,
        "kind": TEXT,
        "name": TEXT,
        "service": TEXT,
        "duration_ms": {"type": ["number", "null"]},
        "error": TEXT,
    }
)

TABLE = object_of({"schema": TEXT, "name": TEXT})

END = object_of(
    {"service": TEXT, "instance": TEXT, "database": TEXT, "table": TABLE, "columns": list_of(TEXT)},
)

ERROR = object_of(
    {
        "kind": TEXT,
        "message": TEXT,
        "hint": TEXT,
        "complaints": list_of(COMPLAINT),
        "done": list_of(TEXT),
        "left": list_of(TEXT),
    },
    optional=("complaints", "done", "left"),
)
