"""timestamp with time zone: an instant, written in UTC whatever TimeZone the server or the database has.

It is not compared with a timestamp without time zone: what that means depends on who reads it.
"""

from __future__ import annotations

from freehold.audit.key_types._kind import KeyType, in_bytes
from freehold.sqltext import sql

instants = KeyType(
    refers=frozenset({"timestamptz"}),
    referred=frozenset({"timestamptz"}),
    written=lambda column, of: in_bytes(sql("({})::pg_catalog.text", column)),
    same=lambda column, of, key: sql("{} = ({})::pg_catalog.timestamptz", column, key),
)
