"""Names that other tools accept, made from names that PostgreSQL accepts; different names stay different."""

from __future__ import annotations

import re
from hashlib import sha256

from freehold.errors import FreeholdError

LABEL_LENGTH = 40
"""Room is left below the 63 of a DNS label for beginnings and endings such as ``-backup``, and below the 52 of the
name of a CronJob."""
FILE_LENGTH = 80
_DIGEST = re.compile(r"[-_][0-9a-f]{8}$")


def label(name: str) -> str:
    """``name`` as one DNS label: small letters, digits and hyphens. A name that had to change ends in a digest, and so
    does one that looks as if it had."""
    if re.fullmatch(r"[a-z][a-z0-9-]*[a-z0-9]|[a-z]", name) and len(name) <= LABEL_LENGTH and not _DIGEST.search(name):
        return name
    start = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[: LABEL_LENGTH - 9].strip("-") or "x"
    return f"{start if start[0].isalpha() else 'x' + start}-{_digest(name)}"


def file(name: str, ending: str) -> str:
    """``name.ending`` as a name of a file, of a key of a Kubernetes Secret and of a secret of Compose."""
    if re.fullmatch(r"[a-z0-9][a-z0-9_.-]*", name) and len(name) <= FILE_LENGTH and not _DIGEST.search(name):
        return f"{name}.{ending}"
    start = re.sub(r"[^a-z0-9_-]+", "-", name.lower()).strip("-_")[:LABEL_LENGTH].strip("-_") or "x"
    return f"{start}-{_digest(name)}.{ending}"


def identifier(name: str) -> str:
    """``name`` as an identifier of a programming language. A name that had to change ends in a digest, and so does
    one that looks as if it had. Give it slugs: a hyphen is a change."""
    if re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", name) and not _DIGEST.search(name):
        return name
    start = re.sub(r"[^A-Za-z0-9]+", "_", name).strip("_")[:LABEL_LENGTH] or "x"
    return f"{start if not start[0].isdigit() else 'x' + start}_{_digest(name)}"


def whole_line(text: str, where: str) -> str:
    """``text`` unchanged. Raises FreeholdError for a line break or a NUL, which ``where`` has no way to write."""
    if any(mark in text for mark in "\n\r\0"):
        raise FreeholdError(
            f"{where} cannot hold the name {text!a}: it has a line break",
            hint="Rename it, or leave its service out with --service.",
        )
    return text


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:8]
