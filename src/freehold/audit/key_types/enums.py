"""Enumerated types: compared by label. The types of two databases are never the same type, their labels can be."""

from __future__ import annotations

from freehold.audit.key_types._kind import KeyType, in_bytes
from freehold.sqltext import sql

enums = KeyType(
    refers=frozenset({"enum"}),
    referred=frozenset({"enum"}),
    written=lambda column, of: in_bytes(sql("({})::pg_catalog.text", column)),
    same=lambda column, of, key: sql("({})::pg_catalog.text = ({})::pg_catalog.text", column, key),
    characters=True,
)
