"""The plan file: what was planned, so that exactly this and nothing else is applied later."""

from __future__ import annotations

import json
from pathlib import Path

from freehold.apply.fresh import PlanFile
from freehold.errors import LocalStateError
from freehold.local.folder import explained, write_atomically


def write(path: str | Path, plan: PlanFile) -> None:
    """Write ``plan`` to ``path``, replaced as a whole. It holds no secret. Raises LocalStateError."""
    document = {
        "schema_version": 1,
        "command": "plan",
        "platform": plan.platform,
        "fingerprint": plan.fingerprint,
        "declaration": plan.declaration,
        "changes": list(plan.changes),
    }
    write_atomically(Path(path), (json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode())


def read(path: str | Path) -> PlanFile:
    """The plan in the file at ``path``. Raises LocalStateError when there is none, or it is another kind of file."""
    place = Path(path)
    with explained(place):
        content = place.read_bytes()
    try:
        document: object = json.loads(content)
    except ValueError:
        document = None
    match document:
        case {
            "schema_version": 1,
            "command": "plan",
            "platform": str(platform),
            "fingerprint": str(fingerprint),
            "declaration": str(declaration),
            "changes": list(changes),
        } if all(isinstance(change, dict) for change in changes):
            return PlanFile(platform, fingerprint, declaration, tuple(changes))
        case {"schema_version": int(version)} if version != 1:
            raise LocalStateError(
                f'"{path}" is a plan of another version ({version})',
                hint="Make it anew with `freehold plan --out FILE`.",
            )
    raise LocalStateError(f'"{path}" is not a plan file', hint="Make one with `freehold plan --out FILE`.")
