"""The first line of every exported file: who wrote it, and whether anybody changed it since."""

from __future__ import annotations

import re
from hashlib import sha256

from freehold.errors import FreeholdError

_COMMENT = {
    "yaml": "#",
    "conf": "#",
    "env": "#",
    "example": "#",
    "py": "#",
    "tf": "#",
    "toml": "#",
    "sh": "#",
    "ini": ";",
    "service": "#",
    "sql": "--",
    "prisma": "//",
    "ts": "//",
    "md": "<!--",
}
_MARK = re.compile(r"written by Freehold \((?P<digest>[0-9a-f]{16})\): ")
_SAYS = "export again instead of editing"


def marked(path: str, text: str) -> str:
    """``text`` under its mark. Raises FreeholdError for a text that no file of this encoding can hold."""
    try:
        digest = _digest(text)
    except UnicodeEncodeError:
        raise FreeholdError(
            f'"{path}" would hold a name that is no valid Unicode', hint="Rename the service or leave it out."
        ) from None
    start = _COMMENT[path.rpartition(".")[2]]
    end = " -->" if start == "<!--" else ""
    return f"{start} written by Freehold ({digest}): {_SAYS}{end}\n{text}"


def ours(content: bytes) -> bool:
    """Whether these are the bytes of a file that Freehold wrote and nobody changed."""
    first, _, rest = content.partition(b"\n")
    match = _MARK.search(first.decode("utf-8", "replace"))
    return match is not None and match["digest"] == sha256(rest).hexdigest()[:16]


def theirs(content: bytes) -> str:
    """Why a file that is there must not be replaced; empty when it may be."""
    if ours(content):
        return ""
    first = content.partition(b"\n")[0].decode("utf-8", "replace")
    return "was changed since Freehold wrote it" if _MARK.search(first) else "was not written by Freehold"


def _digest(text: str) -> str:
    return sha256(text.encode("utf-8")).hexdigest()[:16]
