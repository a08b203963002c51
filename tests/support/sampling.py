"""Which tests on 15 a short run leaves to `make soak`: chosen by their names, so that every run tries the same ones."""

from __future__ import annotations

import re
from collections.abc import Collection
from zlib import crc32

SHARE = 3
"""One in so many of the tests that are the same on 18 and on 15 is run on 15."""

_OLDER = re.compile(r"(?<![0-9])15(?![0-9])")
_NEWER = re.compile(r"(?<![0-9])18(?![0-9])")


def put_off(name: str, all_names: Collection[str]) -> bool:
    """Whether the test of this id is the same as one on 18 and not in the sample. ``all_names`` are the ids of every
    test, without the groups that pytest-xdist writes behind ``@``."""
    function, bracket, parameters = name.partition("[")
    newer = function + bracket + _OLDER.sub("18", parameters)
    if _NEWER.search(parameters):
        return False
    return newer != name and newer in all_names and crc32(name.encode()) % SHARE != 0
