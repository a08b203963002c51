"""date: written as ISO 8601, in every session of the audit."""

from __future__ import annotations

from freehold.audit.key_types._kind import KeyType, in_bytes
from freehold.sqltext import sql

dates = KeyType(
    refers=frozenset({"date"}),
    referred=frozenset({"date"}),
    written=lambda column, of: in_bytes(sql("({})::pg_catalog.text", column)),
    same=lambda column, of, key: sql("{} = ({})::pg_catalog.date", column, key),
)
