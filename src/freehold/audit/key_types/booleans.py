"""boolean, as part of a key of several columns."""

from __future__ import annotations

from freehold.audit.key_types._kind import KeyType, in_bytes
from freehold.sqltext import sql

booleans = KeyType(
    refers=frozenset({"bool"}),
    referred=frozenset({"bool"}),
    written=lambda column, of: in_bytes(sql("({})::pg_catalog.text", column)),
    same=lambda column, of, key: sql("{} = ({})::pg_catalog.bool", column, key),
)
