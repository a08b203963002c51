"""Secrets this process has read, so that no writer can let one through."""

from __future__ import annotations

import re

_known: set[str] = set()

_IN_URL = re.compile(r"(?P<head>\b[a-z][a-z0-9+.-]*://[^\s:/@]+:)[^\s/@]+(?=@)")
_VERIFIER = re.compile(r"SCRAM-SHA-256\$[^\s'\"]+")


def hide(*secrets: str) -> None:
    """Never show these texts. Very short ones are left out: hiding them would garble everything else."""
    _known.update(secret for secret in secrets if len(secret) >= 4)


def redacted(text: str) -> str:
    """``text`` without known secrets, passwords inside URLs and password verifiers."""
    for secret in sorted(_known, key=len, reverse=True):
        text = text.replace(secret, "***")
    text = _IN_URL.sub(r"\g<head>***", text)
    return _VERIFIER.sub("SCRAM-SHA-256$***", text)
