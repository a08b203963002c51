"""The names of partitions: of the table and the moment where they begin, whatever the length of the table's name."""

from __future__ import annotations

import hashlib
from datetime import datetime

from freehold.spec.names import NAME_BYTES, byte_length

OBJECT_BYTES = NAME_BYTES - 8
"""Room for what PostgreSQL and we append: ``_i12``, ``_idx1``."""


def partition_name(table: str, lower: datetime) -> str:
    """``tick_p20261120``, ``tick_p20261120_0930``; the same for the same table and moment always."""
    if lower.second or lower.microsecond:
        stamp = lower.strftime("p%Y%m%d_%H%M%S")
    elif lower.hour or lower.minute:
        stamp = lower.strftime("p%Y%m%d_%H%M")
    else:
        stamp = lower.strftime("p%Y%m%d")
    return _joined(table, stamp)


def default_name(table: str) -> str:
    """``tick_default``: the partition of rows that no other takes."""
    return _joined(table, "default")


def old_name(table: str) -> str:
    """``tick_before``: what a table that held rows when it was partitioned is called from then on."""
    return _joined(table, "before")


def sub_name(partition: str, number: int) -> str:
    """``tick_p20261120_h3``: one of the parts that a space dimension makes of a partition."""
    return _joined(partition, f"h{number}")


def _joined(table: str, tail: str) -> str:
    whole = f"{table}_{tail}"
    if byte_length(whole) <= OBJECT_BYTES:
        return whole
    # a hash of the whole name keeps two long names apart that begin alike
    mark = hashlib.sha256(table.encode()).hexdigest()[:8]
    room = OBJECT_BYTES - byte_length(f"_{mark}_{tail}")
    cut = table.encode()[:room].decode(errors="ignore")
    return f"{cut}_{mark}_{tail}"
