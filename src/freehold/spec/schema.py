"""The JSON Schema of freehold.yaml, for editors: what completes and underlines while one types."""

from __future__ import annotations

from freehold.finding import JsonObject
from freehold.spec.document import DeclarationForm

INCLUDE: JsonObject = {
    "description": "Files of services, one service or services: in each; relative to this file.",
    "examples": ["services/*.yaml"],
    "anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}],
}


def json_schema() -> JsonObject:
    """The schema, in JSON Schema draft 2020-12. Short forms and variables pass; lints are not in it."""
    made: JsonObject = DeclarationForm.model_json_schema(mode="validation", by_alias=True)
    schema = _open(made)
    assert isinstance(schema, dict)
    properties = schema["properties"]
    assert isinstance(properties, dict)
    properties["include"] = INCLUDE
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "freehold.yaml",
        "description": "Who owns which data on PostgreSQL.",
        **{key: schema[key] for key in sorted(schema) if key not in ("title", "description")},
    }


def _open(node: object) -> object:
    """``node`` where a key without a value passes, as it does in the reader."""
    if isinstance(node, list):
        return [_open(item) for item in node]
    if not isinstance(node, dict):
        return node
    found: JsonObject = {str(key): _open(value) for key, value in node.items()}
    properties = found.get("properties")
    if isinstance(properties, dict):
        required = found.get("required")
        needed = required if isinstance(required, list) else []
        found["properties"] = {key: value if key in needed else _or_null(value) for key, value in properties.items()}
    below = found.get("additionalProperties")
    if isinstance(below, dict) and "$ref" in below:
        found["additionalProperties"] = _or_null(below)
    return found


def _or_null(value: object) -> object:
    if not isinstance(value, dict):
        return value
    inner = {key: item for key, item in value.items() if key not in ("description", "examples", "default")}
    outer = {key: item for key, item in value.items() if key not in inner}
    options = inner.get("anyOf") if set(inner) == {"anyOf"} else [inner]
    assert isinstance(options, list)
    return {**outer, "anyOf": options if {"type": "null"} in options else [*options, {"type": "null"}]}
