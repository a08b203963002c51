"""The JSON Schema of every document that a command prints with --json; published under docs/schemas/."""

from __future__ import annotations

from freehold.cli.out import SCHEMA_VERSION

Schema = dict[str, object]

_TEXT: Schema = {"type": "string"}
_COUNT: Schema = {"type": "integer", "minimum": 0}
_FLAG: Schema = {"type": "boolean"}
_PORT: Schema = {"type": ["integer", "null"], "minimum": 1, "maximum": 65535}
_MS: Schema = {"type": "number", "minimum": 0}


def _list(items: Schema) -> Schema:
    return {"type": "array", "items": items}


def _object(properties: dict[str, Schema], *, optional: tuple[str, ...] = ()) -> Schema:
    return {
        "type": "object",
        "properties": properties,
        "required": [name for name in properties if name not in optional],
        "additionalProperties": False,
    }


def _one_of(*words: str) -> Schema:
    return {"enum": list(words)}


_COMPLAINT = _object(
    {
        "file": _TEXT,
        "line": _COUNT,
        "column": _COUNT,
        "code": _TEXT,
        "level": _one_of("error", "warning", "info"),
        "message": _TEXT,
        "text": _TEXT,
        "hint": _TEXT,
    }
)

_FINDING = _object(
    {
        "code": _TEXT,
        "level": _one_of("error", "warning", "info"),
        "service": _TEXT,
        "object": _TEXT,
        "title": _TEXT,
        "detail": _TEXT,
        "evidence": _list(_object({"file": _TEXT, "line": _COUNT, "text": _TEXT})),
        "remedy": _TEXT,
        "key": _TEXT,
    }
)

_CHANGE = _object(
    {
        "action": _one_of("create", "alter", "drop"),
        "kind": _TEXT,
        "name": _TEXT,
        "service": _TEXT,
        "instance": _TEXT,
        "database": _TEXT,
        "sql": _list(_TEXT),
        "destructive": _FLAG,
        "lock": _TEXT,
        "says": _TEXT,
    }
)

_SUMMARY = _object({"create": _COUNT, "alter": _COUNT, "drop": _COUNT})

_PLAN: dict[str, Schema] = {
    "platform": _TEXT,
    "fingerprint": _TEXT,
    "changes": _list(_CHANGE),
    "summary": _SUMMARY,
    "undeclared": _list(_CHANGE),
    "withheld": _list(_CHANGE),
    "notes": _list(_TEXT),
}

_APPLIED: dict[str, Schema] = {
    "applied": _COUNT,
    "failed": _COUNT,
    "journal_id": _TEXT,
    "summary": _SUMMARY,
    "restart_pending": _list(_TEXT),
}

_PROOF: dict[str, Schema] = {
    "passed": _FLAG,
    "attempts": _COUNT,
    "violations": _list(_FINDING),
    "limits": _list(_FINDING),
    "unknown": _list(_FINDING),
    "ignored": _list(_FINDING),
    "matrix": _list(
        _object(
            {
                "actor": _TEXT,
                "target": _TEXT,
                "verdict": _one_of("held", "broken", "limit", "unknown"),
                "attempts": _COUNT,
                "findings": _list(_TEXT),
            }
        )
    ),
    "by_attack": {"type": "object", "additionalProperties": {"type": "object", "additionalProperties": _COUNT}},
    "versions": {"type": "object", "additionalProperties": _COUNT},
    "unreachable": _list(_TEXT),
    "platform": _TEXT,
    "layout": _TEXT,
    "duration_ms": _MS,
}

_INSTANCE = _object(
    {
        "name": _TEXT,
        "version": _TEXT,
        "host": _TEXT,
        "port": _PORT,
        "running": _FLAG,
        "owned": _FLAG,
        "data": _TEXT,
        "reason": _TEXT,
    }
)

_SERVICE_STATUS = _object(
    {
        "name": _TEXT,
        "instance": _TEXT,
        "database": _TEXT,
        "schemas": _list(_TEXT),
        "roles": _object({"owner": _TEXT, "app": _TEXT, "ro": _TEXT}),
        "pool": {"anyOf": [{"type": "null"}, _object({"size": _COUNT, "port": _PORT})]},
        "drift": {"type": ["integer", "null"], "minimum": 0},
    }
)

_RUN = _object(
    {
        "run": _TEXT,
        "who": _TEXT,
        "since": _TEXT,
        "until": _TEXT,
        "done": _COUNT,
        "failed": _COUNT,
        "unfinished": _COUNT,
    }
)

_JOURNAL_STEP = _object(
    {
        "at": _TEXT,
        "outcome": _one_of("started", "done", "failed", "undone"),
        "instance": _TEXT,
        "database": _TEXT,
        "action": _TEXT,
        "kind": _TEXT,
        "name": _TEXT,
        "service": _TEXT,
        "duration_ms": {"type": ["number", "null"]},
        "error": _TEXT,
    }
)

_TABLE = _object({"schema": _TEXT, "name": _TEXT})

_END = _object(
    {"service": _TEXT, "instance": _TEXT, "database": _TEXT, "table": _TABLE, "columns": _list(_TEXT)},
)

_REFERENCES: dict[str, Schema] = {
    "platform": _TEXT,
    "layout": _TEXT,
    "checked": _COUNT,
    "not_checked": _COUNT,
    "orphans": _COUNT,
    "references": _list(
        _object(
            {
                "from": _END,
                "to": _END,
                "file": _TEXT,
                "line": _COUNT,
                "state": _one_of("clean", "orphans", "wrong", "not_checked"),
                "keys": {"type": ["integer", "null"], "minimum": 0},
                "parent_rows": {"type": ["integer", "null"], "minimum": 0},
                "orphans": _COUNT,
                "orphan_rows": _COUNT,
                "first": _list(_object({"key": _list(_TEXT), "rows": _COUNT})),
                "dismissed": _COUNT,
                "unsettled": _COUNT,
                "constraint": {"anyOf": [{"type": "null"}, _object({"name": _TEXT, "holds": _FLAG})]},
                "duration_ms": _MS,
            }
        )
    ),
    "findings": _list(_FINDING),
    "ignored": _list(_FINDING),
    "duration_ms": _MS,
}

_SEEN = _object({"file": _TEXT, "line": _COUNT, "text": _TEXT})

_DISCOVERY: dict[str, Schema] = {
    "root": _TEXT,
    "files": _COUNT,
    "services": _list(
        _object(
            {
                "name": _TEXT,
                "databases": _list(_TEXT),
                "schemas": _list(_TEXT),
                "tables": _list(_TEXT),
                "evidence": _list(_SEEN),
                "confidence": {"type": "number", "minimum": 0, "maximum": 1},
            }
        )
    ),
    "databases": _list(
        _object({"name": _TEXT, "server": _TEXT, "owner": _TEXT, "created_by": _list(_TEXT), "used_by": _list(_TEXT)})
    ),
    "findings": _list(_FINDING),
    "recommendation": _object(
        {
            "layout": _TEXT,
            "scores": _list(
                _object(
                    {
                        "layout": _TEXT,
                        "criterion": _TEXT,
                        "points": {"type": "number"},
                        "weight": {"type": "number"},
                        "reason": _TEXT,
                        "evidence": _list(_SEEN),
                    }
                )
            ),
            "reasons": _list(_TEXT),
        }
    ),
}

_EVIDENCE = _list(_object({"file": _TEXT, "line": _COUNT, "text": _TEXT}))

_ADVICE: dict[str, Schema] = {
    "layout": _TEXT,
    "margin": _MS,
    "close": _FLAG,
    "scores": _list(
        _object(
            {
                "layout": _TEXT,
                "score": _MS,
                "criteria": _list(
                    _object(
                        {
                            "criterion": _TEXT,
                            "weight": _MS,
                            "points": _MS,
                            "losses": _list(_object({"points": _MS, "text": _TEXT, "evidence": _EVIDENCE})),
                        }
                    )
                ),
            }
        )
    ),
    "reasons": _list(_TEXT),
    "flips": _list(_object({"change": _TEXT, "layout": _TEXT})),
    "silent": {"type": "object", "additionalProperties": _TEXT},
    "unjudged": {"type": "object", "additionalProperties": _TEXT},
}

_LIVE: dict[str, Schema] = {
    "place": _TEXT,
    "version": _COUNT,
    "superuser": _FLAG,
    "samples": _COUNT,
    "window_ms": _COUNT,
    "queries": _COUNT,
    "readiness": _object(
        {
            "earned": _COUNT,
            "of": _COUNT,
            "checks": _list(
                _object(
                    {
                        "check": _TEXT,
                        "title": _TEXT,
                        "state": _one_of("passed", "failed", "unknown"),
                        "looked": _TEXT,
                        "unknown": _TEXT,
                    }
                )
            ),
        }
    ),
    "shared_logins": {"type": "object", "additionalProperties": _TEXT},
    "clients": _list(
        _object(
            {
                "service": _TEXT,
                "database": _TEXT,
                "login": _TEXT,
                "how": _one_of("login", "statements", "application", "address", "nothing"),
                "confidence": _MS,
                "text": _TEXT,
            }
        )
    ),
    "settings": {"type": "object", "additionalProperties": _TEXT},
    "replication": _object(
        {
            "in_recovery": _FLAG,
            "standbys": _list(_object({"application": _TEXT, "login": _TEXT, "state": _TEXT})),
            "slots": _list(_TEXT),
            "subscriptions": _list(_TEXT),
        }
    ),
    "unseen": _list(_object({"what": _TEXT, "why": _TEXT, "remedy": _TEXT})),
    "databases": _list(
        _object(
            {
                "name": _TEXT,
                "owner": _TEXT,
                "bytes": {"type": ["integer", "null"], "minimum": 0},
                "connections": {"type": ["integer", "null"], "minimum": 0},
                "extensions": {"type": "object", "additionalProperties": _TEXT},
                "tables": {"type": ["integer", "null"], "minimum": 0},
                "proposals": _list(
                    _object(
                        {
                            "name": _TEXT,
                            "tables": _list(_TEXT),
                            "cohesion": _MS,
                            "cuts": _list(_object({"from": _TEXT, "to": _TEXT, "tie": _TEXT, "evidence": _TEXT})),
                        }
                    )
                ),
            }
        )
    ),
}

DOCUMENTS: dict[str, dict[str, Schema]] = {
    "advise": {"platform": _TEXT, "layout": _TEXT, "recommendation": _object(_ADVICE)},
    "discover": {**_DISCOVERY, "live": _object(_LIVE)},
    "up": {
        "instances": _list(_INSTANCE),
        "apply": _object(_APPLIED),
        "proof": _object(_PROOF),
        "services": _list(
            _object({"name": _TEXT, "instance": _TEXT, "database": _TEXT, "url": _TEXT, "env_file": _TEXT})
        ),
    },
    "down": {"stopped": _list(_TEXT), "purged": _list(_TEXT)},
    "init": {"files": _list(_TEXT)},
    "validate": {"platform": _TEXT, "layout": _TEXT, "services": _list(_TEXT), "complaints": _list(_COMPLAINT)},
    "schema": {"schema": {"type": "object"}},
    "plan": _PLAN,
    "apply": {**_APPLIED, "changes": _list(_CHANGE), "undeclared": _list(_CHANGE), "withheld": _list(_CHANGE)},
    "destroy": {**_APPLIED, "changes": _list(_CHANGE)},
    "status": {
        "platform": _TEXT,
        "layout": _TEXT,
        "instances": _list(_INSTANCE),
        "services": _list(_SERVICE_STATUS),
        "undeclared": {"type": ["integer", "null"], "minimum": 0},
    },
    "diff": {
        "fingerprint": _TEXT,
        "missing": _list(_CHANGE),
        "undeclared": _list(_CHANGE),
    },
    "prove": _PROOF,
    "check-references": _REFERENCES,
    "seed": {
        "platform": _TEXT,
        "seed": _TEXT,
        "dry_run": _FLAG,
        "rows": _COUNT,
        "bytes": _COUNT,
        "duration_ms": _MS,
        "tables": _list(
            _object(
                {
                    "service": _TEXT,
                    "instance": _TEXT,
                    "database": _TEXT,
                    "table": _TEXT,
                    "does": _one_of("fill", "resume", "append", "replace", "done", "keep"),
                    "first": _COUNT,
                    "rows": _COUNT,
                    "bytes": _COUNT,
                    "duration_ms": _MS,
                }
            )
        ),
    },
    "archive": {
        "state": _one_of("planned", "done", "undone", "nothing"),
        "folder": _TEXT,
        "files": _list(
            _object({"path": _TEXT, "to": _TEXT, "sha256": _TEXT, "why": _TEXT, "code": _TEXT, "git": _FLAG})
        ),
        "edits": _list(_object({"file": _TEXT, "line": _COUNT, "before": _TEXT, "after": _TEXT})),
        "left": _list(_object({"file": _TEXT, "line": _COUNT, "text": _TEXT, "why": _TEXT})),
    },
    "export": {
        "kind": _TEXT,
        "files": _list(_object({"path": _TEXT, "text": _TEXT})),
        "secrets": _list(_TEXT),
        "notes": _list(_TEXT),
        "folder": _TEXT,
        "written": _list(_TEXT),
        "unchanged": _list(_TEXT),
        "kinds": _list(_object({"name": _TEXT, "summary": _TEXT, "checked": _TEXT})),
    },
    "doctor": {
        "driver": _object({"psycopg": _TEXT, "libpq": _COUNT}),
        "machine": _object({"memory_bytes": _COUNT, "cpus": _COUNT}),
        "account": _TEXT,
        "data_root": _TEXT,
        "free_bytes": _COUNT,
        "binaries": _list(
            _object(
                {
                    "folder": _TEXT,
                    "version": _COUNT,
                    "tls": _FLAG,
                    "lz4": _FLAG,
                    "zstd": _FLAG,
                    "icu": _FLAG,
                    "extensions": _list(_TEXT),
                    "programs": _list(_TEXT),
                    "usable": _FLAG,
                }
            )
        ),
        "pooler": {"anyOf": [{"type": "null"}, _object({"path": _TEXT, "version": _TEXT, "tls": _FLAG})]},
        "findings": _list(_FINDING),
    },
    "url": {"url": _TEXT, "role": _TEXT, "valid_until": {"type": ["string", "null"]}},
    "pool": {
        "action": _TEXT,
        "pools": _list(
            _object(
                {
                    "service": _TEXT,
                    "alias": _TEXT,
                    "host": _TEXT,
                    "port": _PORT,
                    "running": _FLAG,
                    "paused": _FLAG,
                    "clients_active": _COUNT,
                    "clients_waiting": _COUNT,
                    "longest_wait_ms": _MS,
                    "servers_active": _COUNT,
                    "servers_idle": _COUNT,
                    "size": _COUNT,
                    "utilisation": _MS,
                    "instance": _TEXT,
                    "database": _TEXT,
                }
            )
        ),
        "advice": _list(
            _object(
                {
                    "service": _TEXT,
                    "declared": _COUNT,
                    "advised": _COUNT,
                    "busy": _MS,
                    "mean_wait_ms": _MS,
                    "transactions_per_s": _MS,
                    "reason": _TEXT,
                }
            )
        ),
        "files": _list(_TEXT),
        "stopped": _list(_TEXT),
    },
    "maintain": {
        "platform": _TEXT,
        "dry_run": _FLAG,
        "now": {"type": "object", "additionalProperties": _TEXT},
        "done": _list(
            _object(
                {
                    "what": _one_of("create", "move", "detach", "drop", "delete", "refresh"),
                    "service": _TEXT,
                    "instance": _TEXT,
                    "database": _TEXT,
                    "table": _TEXT,
                    "partition": _TEXT,
                    "rows": {"type": ["integer", "null"], "minimum": 0},
                    "bytes": {"type": ["integer", "null"], "minimum": 0},
                    "about": _FLAG,
                    "says": _TEXT,
                }
            )
        ),
        "held": _list(_object({"service": _TEXT, "table": _TEXT, "partition": _TEXT, "rows": _COUNT})),
        "findings": _list(_FINDING),
        "unfinished": _list(_object({"service": _TEXT, "what": _TEXT, "why": _TEXT, "hint": _TEXT})),
        "journal_id": _TEXT,
    },
    "journal": {"runs": _list({"anyOf": [_RUN, _JOURNAL_STEP]})},
}
"""The keys of each command's document, besides schema_version, command and ok."""

_OPTIONAL = {"discover": ("live",), "up": ("proof",), "pool": ("advice", "files", "stopped")}

_ERROR = _object(
    {
        "kind": _TEXT,
        "message": _TEXT,
        "hint": _TEXT,
        "complaints": _list(_COMPLAINT),
        "done": _list(_TEXT),
        "left": _list(_TEXT),
    },
    optional=("complaints", "done", "left"),
)


def document_schema(command: str) -> Schema:
    """The JSON Schema of what ``freehold COMMAND --json`` prints: the answer, or an error."""
    common: dict[str, Schema] = {"schema_version": {"const": SCHEMA_VERSION}, "command": {"const": command}}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"freehold {command} --json",
        "oneOf": [
            _object({**common, "ok": _FLAG, **DOCUMENTS[command]}, optional=_OPTIONAL.get(command, ())),
            _object({**common, "ok": {"const": False}, "error": _ERROR}),
        ],
    }
