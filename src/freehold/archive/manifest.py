"""The manifest of a run as text, and back."""

from __future__ import annotations

import json

from freehold.archive.model import Edited, Manifest, Moved, State
from freehold.archive.wishes import checked
from freehold.errors import FreeholdError

NAME = "manifest.json"
SAYS = "files that nothing used any more; `freehold archive --undo` brings them back"


def text(manifest: Manifest) -> str:
    """The same manifest, the same bytes."""
    document = {
        "schema_version": 1,
        "about": SAYS,
        "when": manifest.when,
        "state": manifest.state.value,
        "moved": [{name: getattr(one, name) for name in Moved.__slots__} for one in manifest.moved],
        "edited": [{name: getattr(one, name) for name in Edited.__slots__} for one in manifest.edited],
    }
    return json.dumps(document, indent=2, ensure_ascii=True) + "\n"


def read(content: str, where: str) -> Manifest:
    """Raises FreeholdError when ``content`` is no manifest, or names a path that leads out of the root."""
    try:
        document: object = json.loads(content)
    except ValueError:
        document = None
    match document:
        case {
            "schema_version": 1,
            "when": str(when),
            "state": str(state),
            "moved": list(moved),
            "edited": list(edited),
        } if state in [one.value for one in State]:
            files = tuple(_moved(one, where) for one in moved)
            edits = tuple(_edited(one, where) for one in edited)
            return Manifest(when, State(state), files, edits)
    raise _refused(where)


def _moved(node: object, where: str) -> Moved:
    match node:
        case {
            "path": str(path),
            "to": str(to),
            "sha256": str(sha256),
            "why": str(why),
            "code": str(code),
            "tracked": bool(tracked),
        }:
            return Moved(checked(path), checked(to), sha256, why, code, tracked)
    raise _refused(where)


def _edited(node: object, where: str) -> Edited:
    match node:
        case {"path": str(path), "kept": str(kept), "before": str(before), "after": str(after)}:
            return Edited(checked(path), checked(kept), before, after)
    raise _refused(where)


def _refused(where: str) -> FreeholdError:
    return FreeholdError(
        f'"{where}" is not a manifest of an archive',
        hint="Restore it from a backup or from git: it says where the files were.",
    )
