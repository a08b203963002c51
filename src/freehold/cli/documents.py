"""The JSON Schema of every document that a command prints with --json; published under docs/schemas/."""

from __future__ import annotations

from freehold.cli import schemas_of_discovery, schemas_of_moves
from freehold.cli.out import SCHEMA_VERSION
from freehold.cli.schema_words import (
    CHANGE,
    COMPLAINT,
    COUNT,
    END,
    ERROR,
    FINDING,
    FLAG,
    INSTANCE,
    JOURNAL_STEP,
    MS,
    PORT,
    RUN,
    SERVICE_STATUS,
    SUMMARY,
    TEXT,
    Schema,
    list_of,
    object_of,
    one_of,
)

_PLAN: dict[str, Schema] = {
    "platform": TEXT,
    "fingerprint": TEXT,
    "changes": list_of(CHANGE),
    "summary": SUMMARY,
    "undeclared": list_of(CHANGE),
    "withheld": list_of(CHANGE),
    "notes": list_of(TEXT),
}

_APPLIED: dict[str, Schema] = {
    "applied": COUNT,
    "failed": COUNT,
    "journal_id": TEXT,
    "summary": SUMMARY,
    "restart_pending": list_of(TEXT),
}

_PROOF: dict[str, Schema] = {
    "passed": FLAG,
    "attempts": COUNT,
    "violations": list_of(FINDING),
    "limits": list_of(FINDING),
    "unknown": list_of(FINDING),
    "ignored": list_of(FINDING),
    "matrix": list_of(
        object_of(
            {
                "actor": TEXT,
                "target": TEXT,
                "verdict": one_of("held", "broken", "limit", "unknown"),
                "attempts": COUNT,
                "findings": list_of(TEXT),
            }
        )
    ),
    "by_attack": {"type": "object", "additionalProperties": {"type": "object", "additionalProperties": COUNT}},
    "versions": {"type": "object", "additionalProperties": COUNT},
    "moving": list_of(object_of({"service": TEXT, "instance": TEXT, "database": TEXT, "logins": list_of(TEXT)})),
    "unreachable": list_of(TEXT),
    "platform": TEXT,
    "layout": TEXT,
    "duration_ms": MS,
}

_REFERENCES: dict[str, Schema] = {
    "platform": TEXT,
    "layout": TEXT,
    "checked": COUNT,
    "not_checked": COUNT,
    "orphans": COUNT,
    "references": list_of(
        object_of(
            {
                "from": END,
                "to": END,
                "file": TEXT,
                "line": COUNT,
                "state": one_of("clean", "orphans", "wrong", "not_checked"),
                "keys": {"type": ["integer", "null"], "minimum": 0},
                "parent_rows": {"type": ["integer", "null"], "minimum": 0},
                "orphans": COUNT,
                "orphan_rows": COUNT,
                "first": list_of(object_of({"key": list_of(TEXT), "rows": COUNT})),
                "dismissed": COUNT,
                "unsettled": COUNT,
                "constraint": {"anyOf": [{"type": "null"}, object_of({"name": TEXT, "holds": FLAG})]},
                "duration_ms": MS,
            }
        )
    ),
    "findings": list_of(FINDING),
    "ignored": list_of(FINDING),
    "duration_ms": MS,
}

DOCUMENTS: dict[str, dict[str, Schema]] = {
    **schemas_of_discovery.DOCUMENTS,
    **schemas_of_moves.DOCUMENTS,
    "up": {
        "instances": list_of(INSTANCE),
        "apply": object_of(_APPLIED),
        "proof": object_of(_PROOF),
        "services": list_of(
            object_of({"name": TEXT, "instance": TEXT, "database": TEXT, "url": TEXT, "env_file": TEXT})
        ),
    },
    "down": {"stopped": list_of(TEXT), "purged": list_of(TEXT)},
    "init": {"files": list_of(TEXT)},
    "validate": {"platform": TEXT, "layout": TEXT, "services": list_of(TEXT), "complaints": list_of(COMPLAINT)},
    "schema": {"schema": {"type": "object"}},
    "plan": _PLAN,
    "apply": {**_APPLIED, "changes": list_of(CHANGE), "undeclared": list_of(CHANGE), "withheld": list_of(CHANGE)},
    "destroy": {**_APPLIED, "changes": list_of(CHANGE)},
    "status": {
        "platform": TEXT,
        "layout": TEXT,
        "instances": list_of(INSTANCE),
        "services": list_of(SERVICE_STATUS),
        "undeclared": {"type": ["integer", "null"], "minimum": 0},
    },
    "diff": {
        "fingerprint": TEXT,
        "missing": list_of(CHANGE),
        "undeclared": list_of(CHANGE),
    },
    "prove": _PROOF,
    "check-references": _REFERENCES,
    "seed": {
        "platform": TEXT,
        "seed": TEXT,
        "dry_run": FLAG,
        "rows": COUNT,
        "bytes": COUNT,
        "duration_ms": MS,
        "tables": list_of(
            object_of(
                {
                    "service": TEXT,
                    "instance": TEXT,
                    "database": TEXT,
                    "table": TEXT,
                    "does": one_of("fill", "resume", "append", "replace", "done", "keep"),
                    "first": COUNT,
                    "rows": COUNT,
                    "bytes": COUNT,
                    "duration_ms": MS,
                }
            )
        ),
    },
    "doctor": {
        "driver": object_of({"psycopg": TEXT, "libpq": COUNT}),
        "machine": object_of({"memory_bytes": COUNT, "cpus": COUNT}),
        "account": TEXT,
        "data_root": TEXT,
        "free_bytes": COUNT,
        "binaries": list_of(
            object_of(
                {
                    "folder": TEXT,
                    "version": COUNT,
                    "tls": FLAG,
                    "lz4": FLAG,
                    "zstd": FLAG,
                    "icu": FLAG,
                    "extensions": list_of(TEXT),
                    "programs": list_of(TEXT),
                    "usable": FLAG,
                }
            )
        ),
        "pooler": {"anyOf": [{"type": "null"}, object_of({"path": TEXT, "version": TEXT, "tls": FLAG})]},
        "findings": list_of(FINDING),
    },
    "url": {"url": TEXT, "role": TEXT, "valid_until": {"type": ["string", "null"]}},
    "pool": {
        "action": TEXT,
        "pools": list_of(
            object_of(
                {
                    "service": TEXT,
                    "alias": TEXT,
                    "host": TEXT,
                    "port": PORT,
                    "running": FLAG,
                    "paused": FLAG,
                    "clients_active": COUNT,
                    "clients_waiting": COUNT,
                    "longest_wait_ms": MS,
                    "servers_active": COUNT,
                    "servers_idle": COUNT,
                    "size": COUNT,
                    "utilisation": MS,
                    "instance": TEXT,
                    "database": TEXT,
                }
            )
        ),
        "advice": list_of(
            object_of(
                {
                    "service": TEXT,
                    "declared": COUNT,
                    "advised": COUNT,
                    "busy": MS,
                    "mean_wait_ms": MS,
                    "transactions_per_s": MS,
                    "reason": TEXT,
                }
            )
        ),
        "files": list_of(TEXT),
        "stopped": list_of(TEXT),
    },
    "adopt": {
        "action": one_of("adopt", "drop-views", "undo"),
        "dry_run": FLAG,
        "changed": FLAG,
        "services": list_of(
            object_of(
                {
                    "service": TEXT,
                    "instance": TEXT,
                    "database": TEXT,
                    "schema": TEXT,
                    "objects": list_of(object_of({"kind": TEXT, "from": TEXT, "to": TEXT})),
                }
            )
        ),
        "findings": list_of(FINDING),
    },
    "maintain": {
        "platform": TEXT,
        "dry_run": FLAG,
        "now": {"type": "object", "additionalProperties": TEXT},
        "done": list_of(
            object_of(
                {
                    "what": one_of("create", "move", "detach", "drop", "delete", "refresh", "compress"),
                    "service": TEXT,
                    "instance": TEXT,
                    "database": TEXT,
                    "table": TEXT,
                    "partition": TEXT,
                    "rows": {"type": ["integer", "null"], "minimum": 0},
                    "bytes": {"type": ["integer", "null"], "minimum": 0},
                    "about": FLAG,
                    "says": TEXT,
                }
            )
        ),
        "held": list_of(object_of({"service": TEXT, "table": TEXT, "partition": TEXT, "rows": COUNT})),
        "findings": list_of(FINDING),
        "unfinished": list_of(object_of({"service": TEXT, "what": TEXT, "why": TEXT, "hint": TEXT})),
        "journal_id": TEXT,
    },
    "journal": {"runs": list_of({"anyOf": [RUN, JOURNAL_STEP]})},
}
"""The keys of each command's document, besides schema_version, command and ok."""

_OPTIONAL = {
    "discover": ("live",),
    "up": ("proof",),
    "move": ("findings", "put_away", "verifications", *schemas_of_moves.ANSWERED),
    "pool": ("advice", "files", "stopped"),
}


def document_schema(command: str) -> Schema:
    """The JSON Schema of what ``freehold COMMAND --json`` prints: the answer, or an error."""
    failed = schemas_of_moves.ANSWERED if command == "move" else {}
    common: dict[str, Schema] = {"schema_version": {"const": SCHEMA_VERSION}, "command": {"const": command}}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"freehold {command} --json",
        "oneOf": [
            object_of({**common, "ok": FLAG, **DOCUMENTS[command]}, optional=_OPTIONAL.get(command, ())),
            object_of({**common, "ok": {"const": False}, "error": ERROR, **failed}, optional=tuple(failed)),
        ],
    }
