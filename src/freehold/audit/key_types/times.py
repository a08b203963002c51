"""time without time zone."""

from __future__ import annotations

from freehold.audit.key_types._kind import KeyType, in_bytes
from freehold.sqltext import sql

times = KeyType(
    refers=frozenset({"time"}),
    referred=frozenset({"time"}),
    written=lambda column, of: in_bytes(sql("({})::pg_catalog.text", column)),
    same=lambda column, of, key: sql("{} = ({})::pg_catalog.time", column, key),
)
