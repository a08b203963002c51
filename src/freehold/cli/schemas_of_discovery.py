"""The JSON Schemas of what discovery, advice, export and archive answer."""

from __future__ import annotations

from freehold.cli.schema_words import COUNT, FINDING, FLAG, MS, TEXT, Schema, list_of, object_of, one_of

_SEEN = object_of({"file": TEXT, "line": COUNT, "text": TEXT})

DISCOVERY: dict[str, Schema] = {
    "root": TEXT,
    "files": COUNT,
    "services": list_of(
        object_of(
            {
                "name": TEXT,
                "databases": list_of(TEXT),
                "schemas": list_of(TEXT),
                "tables": list_of(TEXT),
                "evidence": list_of(_SEEN),
                "confidence": {"type": "number", "minimum": 0, "maximum": 1},
            }
        )
    ),
    "databases": list_of(
        object_of({"name": TEXT, "server": TEXT, "owner": TEXT, "created_by": list_of(TEXT), "used_by": list_of(TEXT)})
    ),
    "findings": list_of(FINDING),
    "recommendation": object_of(
        {
            "layout": TEXT,
            "scores": list_of(
                object_of(
                    {
                        "layout": TEXT,
                        "criterion": TEXT,
                        "points": {"type": "number"},
                        "weight": {"type": "number"},
                        "reason": TEXT,
                        "evidence": list_of(_SEEN),
                    }
                )
            ),
            "reasons": list_of(TEXT),
        }
    ),
}

_EVIDENCE = list_of(object_of({"file": TEXT, "line": COUNT, "text": TEXT}))

ADVICE: dict[str, Schema] = {
    "layout": TEXT,
    "margin": MS,
    "close": FLAG,
    "scores": list_of(
        object_of(
            {
                "layout": TEXT,
                "score": MS,
                "criteria": list_of(
                    object_of(
                        {
                            "criterion": TEXT,
                            "weight": MS,
                            "points": MS,
                            "losses": list_of(object_of({"points": MS, "text": TEXT, "evidence": _EVIDENCE})),
                        }
                    )
                ),
            }
        )
    ),
    "reasons": list_of(TEXT),
    "flips": list_of(object_of({"change": TEXT, "layout": TEXT})),
    "silent": {"type": "object", "additionalProperties": TEXT},
    "unjudged": {"type": "object", "additionalProperties": TEXT},
}

LIVE: dict[str, Schema] = {
    "place": TEXT,
    "version": COUNT,
    "superuser": FLAG,
    "samples": COUNT,
    "window_ms": COUNT,
    "queries": COUNT,
    "readiness": object_of(
        {
            "earned": COUNT,
            "of": COUNT,
            "checks": list_of(
                object_of(
                    {
                        "check": TEXT,
                        "title": TEXT,
                        "state": one_of("passed", "failed", "unknown"),
                        "looked": TEXT,
                        "unknown": TEXT,
                    }
                )
            ),
        }
    ),
    "shared_logins": {"type": "object", "additionalProperties": TEXT},
    "clients": list_of(
        object_of(
            {
                "service": TEXT,
                "database": TEXT,
                "login": TEXT,
                "how": one_of("login", "statements", "application", "address", "nothing"),
                "confidence": MS,
                "text": TEXT,
            }
        )
    ),
    "settings": {"type": "object", "additionalProperties": TEXT},
    "replication": object_of(
        {
            "in_recovery": FLAG,
            "standbys": list_of(object_of({"application": TEXT, "login": TEXT, "state": TEXT})),
            "slots": list_of(TEXT),
            "subscriptions": list_of(TEXT),
        }
    ),
    "unseen": list_of(object_of({"what": TEXT, "why": TEXT, "remedy": TEXT})),
    "databases": list_of(
        object_of(
            {
                "name": TEXT,
                "owner": TEXT,
                "bytes": {"type": ["integer", "null"], "minimum": 0},
                "connections": {"type": ["integer", "null"], "minimum": 0},
                "extensions": {"type": "object", "additionalProperties": TEXT},
                "tables": {"type": ["integer", "null"], "minimum": 0},
                "proposals": list_of(
                    object_of(
                        {
                            "name": TEXT,
                            "tables": list_of(TEXT),
                            "cohesion": MS,
                            "cuts": list_of(object_of({"from": TEXT, "to": TEXT, "tie": TEXT, "evidence": TEXT})),
                        }
                    )
                ),
            }
        )
    ),
}


DOCUMENTS: dict[str, dict[str, Schema]] = {
    "advise": {"platform": TEXT, "layout": TEXT, "recommendation": object_of(ADVICE)},
    "discover": {**DISCOVERY, "live": object_of(LIVE)},
    "archive": {
        "state": one_of("planned", "done", "undone", "nothing"),
        "folder": TEXT,
        "files": list_of(object_of({"path": TEXT, "to": TEXT, "sha256": TEXT, "why": TEXT, "code": TEXT, "git": FLAG})),
        "edits": list_of(object_of({"file": TEXT, "line": COUNT, "before": TEXT, "after": TEXT})),
        "left": list_of(object_of({"file": TEXT, "line": COUNT, "text": TEXT, "why": TEXT})),
    },
    "export": {
        "kind": TEXT,
        "files": list_of(object_of({"path": TEXT, "text": TEXT})),
        "secrets": list_of(TEXT),
        "notes": list_of(TEXT),
        "folder": TEXT,
        "written": list_of(TEXT),
        "unchanged": list_of(TEXT),
        "kinds": list_of(object_of({"name": TEXT, "summary": TEXT, "checked": TEXT})),
    },
}
"""The keys of each of these documents, besides schema_version, command and ok."""
