"""character(n) as the parent: trailing blanks do not count, on either side."""

from __future__ import annotations

from freehold.audit.key_types._kind import KeyType, collated, in_bytes
from freehold.sqltext import sql

padded_texts = KeyType(
    refers=frozenset({"bpchar", "text", "varchar"}),
    referred=frozenset({"bpchar"}),
    written=lambda column, of: in_bytes(sql("pg_catalog.rtrim(({})::pg_catalog.text, ' ')", column)),
    same=lambda column, of, key: sql("{} = ({})::pg_catalog.bpchar", collated(column, of), key),
    characters=True,
)
