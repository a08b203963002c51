"""real and double precision: compared as double precision, written with as many digits as it takes to be exact.

0 and -0 are one key, NaN equals NaN. The real 1.1 is not the double precision 1.1; a real foreign key says the same.
"""

from __future__ import annotations

from freehold.audit.key_types._kind import KeyType, in_bytes
from freehold.sqltext import sql

_TYPES = frozenset({"float4", "float8"})

floats = KeyType(
    refers=_TYPES,
    referred=_TYPES,
    # adding 0 makes -0 a 0
    written=lambda column, of: in_bytes(
        sql("(({})::pg_catalog.float8 + '0'::pg_catalog.float8)::pg_catalog.text", column),
    ),
    same=lambda column, of, key: sql("{} = ({})::pg_catalog.float8", column, key),
)
