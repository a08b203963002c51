"""text, character varying, name, and character, citext that refer to them: ordered by the bytes of their UTF-8.

The order of a locale is never used, so a server with another library, locale or collation orders alike; a column whose
collation is C delivers its keys out of an index. Where the
parent's collation calls different texts equal (a nondeterministic one), the second look asks it. ``character``
loses its trailing blanks when it refers to another type, as everywhere in PostgreSQL.
"""

from __future__ import annotations

from freehold.audit.key_types._kind import KeyType, as_text, collated
from freehold.sqltext import sql

texts = KeyType(
    refers=frozenset({"text", "varchar", "name", "bpchar", "citext"}),
    referred=frozenset({"text", "varchar", "name"}),
    written=as_text,
    same=lambda column, of, key: sql(
        "{} = ({})::pg_catalog.text", collated(sql("({})::pg_catalog.text", column), of), key
    ),
    characters=True,
)
