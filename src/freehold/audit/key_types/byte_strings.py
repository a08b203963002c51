"""bytea: ordered by its bytes, which any index on the column delivers without a sort."""

from __future__ import annotations

from freehold.audit.key_types._kind import KeyType
from freehold.sqltext import sql

byte_strings = KeyType(
    refers=frozenset({"bytea"}),
    referred=frozenset({"bytea"}),
    written=lambda column, of: column,
    same=lambda column, of, key: sql("{} = ({})::pg_catalog.bytea", column, key),
)
