"""``freehold schema``: the JSON Schema of the declaration."""

from __future__ import annotations

from freehold.cli.options import Call, command
from freehold.cli.out import Result


@command(about_platform=False)
def schema(call: Call) -> Result:
    """Print the JSON Schema of the declaration, for editors.

    Save it and name it in the first line of freehold.yaml:
    `# yaml-language-server: $schema=freehold.schema.json`
    """
    import json

    from freehold.spec.schema import json_schema

    found = json_schema()
    return Result(document={"schema": found}, raw=json.dumps(found, indent=2, ensure_ascii=False) + "\n")
