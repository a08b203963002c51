"""numeric, and whole numbers that refer to it: 1.0 and 1.00 are one key, written without trailing zeros.

NaN equals NaN, as PostgreSQL has it. A numeric column that refers to a whole number is refused, as a real foreign
key is.
"""

from __future__ import annotations

from freehold.audit.key_types._kind import KeyType, in_bytes
from freehold.sqltext import sql

numerics = KeyType(
    refers=frozenset({"int2", "int4", "int8", "numeric"}),
    referred=frozenset({"numeric"}),
    written=lambda column, of: in_bytes(
        sql("pg_catalog.trim_scale(({})::pg_catalog.numeric)::pg_catalog.text", column),
    ),
    same=lambda column, of, key: sql("{} = ({})::pg_catalog.numeric", column, key),
)
