"""Which files shall go: those that findings name, and those that a person names; none outside of the root."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from posixpath import normpath

from freehold.archive.model import Wish
from freehold.errors import FreeholdError

LEGACY = ("central_and_per_service", "script_not_mounted")
"""Codes of findings that are about a file which nothing needs; every other finding is about what is in use."""
_FILE = re.compile(r'file "(?P<path>.+)"', re.DOTALL)


def of_findings(text: str) -> tuple[Wish, ...]:
    """The files that the JSON document of ``freehold discover --json`` says nothing uses, by path.

    Raises FreeholdError when it is another document, or names a path that leads out of the root.
    """
    try:
        document: object = json.loads(text)
    except ValueError as error:
        raise FreeholdError(
            f"the findings cannot be read: {error}", hint="Write them with `freehold discover FOLDER --json`."
        ) from None
    match document:
        case {"schema_version": 1, "command": "discover", "findings": list(findings)}:
            return unique(wish for finding in findings for wish in _of(finding))
    raise FreeholdError(
        "these are no findings of `freehold discover`", hint="Write them with `freehold discover FOLDER --json`."
    )


def _of(finding: object) -> Iterable[Wish]:
    match finding:
        case {"code": str(code), "object": str(about), "title": str(title)} if code in LEGACY:
            match = _FILE.fullmatch(about)
            if match:
                yield Wish(checked(match["path"]), title, code)


def checked(path: str) -> str:
    """The path in its shortest form. Raises FreeholdError for one that is absolute or leads out of the root."""
    short = normpath(path)
    if not path or "\0" in path or path.startswith("/") or short in (".", "..") or short.startswith("../"):
        raise FreeholdError(
            f'"{path}" does not lie below the root', hint="Name files by their path relative to the root."
        )
    if ".git" in short.split("/"):
        raise FreeholdError(f'"{path}" belongs to git', hint="Name files of the work tree only.")
    return short


def unique(wishes: Iterable[Wish]) -> tuple[Wish, ...]:
    """Each file once, by path, with its first reason."""
    found: dict[str, Wish] = {}
    for wish in wishes:
        found.setdefault(wish.path, wish)
    return tuple(found[path] for path in sorted(found))
