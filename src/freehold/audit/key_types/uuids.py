"""uuid: ordered by its bytes as by its text, which any index on the column delivers without a sort."""

from __future__ import annotations

from freehold.audit.key_types._kind import KeyType
from freehold.sqltext import sql

uuids = KeyType(
    refers=frozenset({"uuid"}),
    referred=frozenset({"uuid"}),
    written=lambda column, of: column,
    same=lambda column, of, key: sql("{} = ({})::pg_catalog.uuid", column, key),
)
