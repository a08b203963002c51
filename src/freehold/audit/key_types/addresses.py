"""inet and cidr: an address with its netmask; 10.0.0.1 and 10.0.0.1/32 are one key."""

from __future__ import annotations

from freehold.audit.key_types._kind import KeyType, in_bytes
from freehold.sqltext import sql

_TYPES = frozenset({"inet", "cidr"})

addresses = KeyType(
    refers=_TYPES,
    referred=_TYPES,
    written=lambda column, of: in_bytes(sql("(({})::pg_catalog.inet)::pg_catalog.text", column)),
    same=lambda column, of, key: sql("{} = ({})::pg_catalog.inet", column, key),
)
