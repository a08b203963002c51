"""citext as the parent: its own equality decides, so case does not count.

Keys travel as they are written. One that differs from its parent in case only is asked for at the second look, with
the operator of the extension on the parent's server, and is no orphan. Where most keys differ in case the check
takes as long as looking each of them up.
"""

from __future__ import annotations

from freehold.audit.key_types._kind import KeyType, collated, in_bytes
from freehold.audit.model import Column
from freehold.sqltext import Sql, ident, sql


def _same(column: Sql, of: Column, key: Sql) -> Sql:
    operator, name = ident(of.schema), ident(of.schema, of.type)
    return sql("{} OPERATOR({}.=) ({})::{}", collated(column, of), operator, key, name)


folded_texts = KeyType(
    refers=frozenset({"citext", "text", "varchar", "bpchar"}),
    referred=frozenset({"citext"}),
    written=lambda column, of: in_bytes(sql("({})::pg_catalog.text", column)),
    same=_same,
    characters=True,
)
