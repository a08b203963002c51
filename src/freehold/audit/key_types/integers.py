"""smallint, integer and bigint: ordered as numbers, which any index on the column delivers without a sort.

A key too large for the parent's type is an orphan, not an error.
"""

from __future__ import annotations

from freehold.audit.key_types._kind import KeyType
from freehold.sqltext import sql

_TYPES = frozenset({"int2", "int4", "int8"})

integers = KeyType(
    refers=_TYPES,
    referred=_TYPES,
    written=lambda column, of: column,
    same=lambda column, of, key: sql("{} = ({})::pg_catalog.int8", column, key),
)
