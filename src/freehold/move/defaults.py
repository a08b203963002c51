"""Default privileges of a service: what its roles, or whoever else makes something in its schemas, give away with it.

Those of a role everywhere are compared whole, with what PostgreSQL gives where nothing was said; those in a schema are
added to them, and stand alone.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple, cast

from freehold.move.grants import newer
from freehold.sqltext import PUBLIC, Sql, ident, join, keyword, literal, role, sql, words

_DEFAULTS = """\
WITH mine AS MATERIALIZED (
  SELECT n.oid, n.nspname FROM pg_catalog.pg_namespace AS n WHERE n.nspname = ANY (ARRAY[{}]::name[])
), kind (object, of, name) AS (
  VALUES ('r'::"char", 'r'::"char", 'TABLES'), ('S', 's', 'SEQUENCES'), ('f', 'f', 'FUNCTIONS'), ('T', 'T', 'TYPES'),
      ('n', 'n', 'SCHEMAS')
), held (role, schema, name, acl) AS (
  SELECT o.rolname, '', k.name, coalesce(d.defaclacl, pg_catalog.acldefault(k.of, o.oid))
    FROM pg_catalog.pg_roles AS o CROSS JOIN kind AS k LEFT JOIN pg_catalog.pg_default_acl AS d ON d.defaclrole = o.oid
        AND d.defaclnamespace = 0 AND d.defaclobjtype = k.object
   WHERE o.rolname = ANY (ARRAY[{}]::name[])
  UNION ALL
  SELECT o.rolname, m.nspname, k.name, d.defaclacl
    FROM pg_catalog.pg_default_acl AS d JOIN mine AS m ON m.oid = d.defaclnamespace
    JOIN kind AS k ON k.object = d.defaclobjtype JOIN pg_catalog.pg_roles AS o ON o.oid = d.defaclrole
)
SELECT pg_catalog.json_build_array(pg_catalog.current_setting('server_version_num')::integer, coalesce(
         pg_catalog.json_agg(pg_catalog.json_build_array(h.role, h.schema, h.name,
             CASE WHEN x.grantee = 0 THEN 'public' ELSE g.rolname END, x.privilege_type,
             x.is_grantable AND g.rolname IS DISTINCT FROM h.role)), '[]'))::text
  FROM held AS h CROSS JOIN LATERAL pg_catalog.aclexplode(h.acl) AS x
  LEFT JOIN pg_catalog.pg_roles AS g ON g.oid = x.grantee"""


class Default(NamedTuple):
    """A privilege that ``grantee`` gets on what ``role`` makes; ``schema`` is empty for anywhere."""

    role: str
    schema: str
    on: str
    grantee: str
    privilege: str

    def __str__(self) -> str:
        place = f" in schema {ident(self.schema)}" if self.schema else ""
        return f'of "{self.role}"{place}'

    def given(self) -> Sql:
        """What gives it."""
        return _change(self, keyword("GRANT"), keyword("TO"))


@dataclass(frozen=True, slots=True)
class Defaults:
    """All of them, and whether each may be passed on; ``version`` is server_version_num."""

    version: int
    held: Mapping[Default, bool]


@dataclass(frozen=True, slots=True)
class Settled:
    """The statements that make the target's like the source's, and those of roles that the target does not have."""

    statements: tuple[Sql, ...]
    homeless: tuple[Default, ...]


def question(schemas: Iterable[str], roles: Iterable[str]) -> Sql:
    """One row with one text, for ``defaults``. ``roles`` are the service's."""
    return sql(_DEFAULTS, _names(schemas), _names(roles))


def _names(names: Iterable[str]) -> Sql:
    return join(", ", [literal(name) for name in names]) if names else keyword("")


def defaults(answer: str) -> Defaults:
    """What the answer tells."""
    version, rows = cast("tuple[int, list[list[object]]]", json.loads(answer))
    return Defaults(version, {Default(*(str(part) for part in row[:5])): row[5] is True for row in rows})


def mapped(source: Defaults, mapping: Callable[[str], str]) -> Defaults:
    """Those of the source with the roles of the target."""
    return Defaults(
        source.version,
        {
            one._replace(
                role=mapping(one.role), grantee=one.grantee if one.grantee == PUBLIC else mapping(one.grantee)
            ): grantable
            for one, grantable in source.held.items()
        },
    )


def settle(source: Defaults, target: Defaults, there: frozenset[str]) -> Settled:
    """From those of the source, ``mapped``, and of the target to what is sent; ``there`` are the target's roles."""
    wanted = {one: grantable for one, grantable in source.held.items() if _known(one, source, target)}
    have = {one: grantable for one, grantable in target.held.items() if _known(one, source, target)}
    homeless = {one for one in wanted if one.role not in there or one.grantee not in (*there, PUBLIC)}
    give = {one: wanted[one] for one in wanted.keys() - homeless if have.get(one) is not wanted[one]}
    take = (have.keys() - wanted.keys()) | {one for one in give if have.get(one)}
    return Settled(
        (
            *(_change(one, keyword("REVOKE"), keyword("FROM")) for one in sorted(take)),
            *(_change(one, keyword("GRANT"), keyword("TO"), again=give[one]) for one in sorted(give)),
        ),
        tuple(sorted(homeless)),
    )


def apart(source: Defaults, target: Defaults, there: frozenset[str]) -> Iterable[tuple[Default, str, str]]:
    """Those in which the sides differ, with what each says; ``source`` is ``mapped``."""
    for one in sorted(source.held.keys() | target.held.keys()):
        mine, theirs = source.held.get(one), target.held.get(one)
        lost = theirs is None and (one.role not in there or one.grantee not in (*there, PUBLIC))
        if mine is not theirs and not lost and _known(one, source, target):
            yield one, _said(mine), _said(theirs)


def _said(grantable: bool | None) -> str:
    return "" if grantable is None else "given with grant option" if grantable else "given"


def _known(one: Default, *sides: Defaults) -> bool:
    return not newer(one.privilege, *(side.version for side in sides))


def _change(one: Default, verb: Sql, preposition: Sql, *, again: bool = False) -> Sql:
    return sql(
        "ALTER DEFAULT PRIVILEGES FOR ROLE {}{} {} {} ON {} {} {}{}",
        ident(one.role),
        sql(" IN SCHEMA {}", ident(one.schema)) if one.schema else Sql(()),
        verb,
        words(one.privilege),
        words(one.on),
        preposition,
        role(one.grantee),
        keyword(" WITH GRANT OPTION") if again else Sql(()),
    )
