"""What the objects are called that a proof plants in the schemas of services, and drops at its end. A service may move
meanwhile: they belong to nobody's data, and no comparison of two homes is about them."""

from __future__ import annotations

import re

PREFIX = "freehold_canary_"
DIGITS = 20
_NAME = re.compile(rf"\b{PREFIX}[0-9a-f]{{{DIGITS}}}(?![0-9a-f])")


def of_a_proof(name: str) -> bool:
    """Whether an object with this name, as it is or quoted as SQL, is a canary or stands in one."""
    return _NAME.search(name) is not None
