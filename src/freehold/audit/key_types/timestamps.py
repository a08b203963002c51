"""timestamp without time zone, and date where one of the two is a timestamp: a date is its midnight."""

from __future__ import annotations

from freehold.audit.key_types._kind import KeyType, in_bytes
from freehold.sqltext import sql

_TYPES = frozenset({"date", "timestamp"})

timestamps = KeyType(
    refers=_TYPES,
    referred=_TYPES,
    written=lambda column, of: in_bytes(sql("({})::pg_catalog.timestamp::pg_catalog.text", column)),
    same=lambda column, of, key: sql("{} = ({})::pg_catalog.timestamp", column, key),
)
