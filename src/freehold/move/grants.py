"""Privileges on a service's schemas and all that is in them: what the target lacks and has too much, roles mapped.

Both sides answer the same question, in which a default that was taken from PUBLIC shows like any other right; the
difference is what is sent, so that it may be sent again at any time.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import NamedTuple, cast

from freehold.sqltext import PUBLIC, Sql, ident, join, keyword, literal, raw, role, sql, words

_ACLS = """\
WITH mine AS MATERIALIZED (
  SELECT n.oid, n.nspname FROM pg_catalog.pg_namespace AS n WHERE n.nspname = ANY (ARRAY[{}]::name[])
), held (kind, name, part, catalog, object, owner, acl) AS (
  SELECT CASE r.relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END, pg_catalog.format('%I.%I', m.nspname, r.relname),
         NULL::name, 'pg_catalog.pg_class'::regclass, r.oid, r.relowner,
         coalesce(r.relacl, pg_catalog.acldefault(CASE r.relkind WHEN 'S' THEN 's'::"char" ELSE 'r'::"char" END,
             r.relowner))
    FROM pg_catalog.pg_class AS r JOIN mine AS m ON m.oid = r.relnamespace
   WHERE r.relkind IN ('r', 'p', 'v', 'm', 'S', 'f')
  UNION ALL
  SELECT 'TABLE', pg_catalog.format('%I.%I', m.nspname, r.relname), a.attname, 'pg_catalog.pg_class'::regclass, r.oid,
         r.relowner, a.attacl
    FROM pg_catalog.pg_attribute AS a JOIN pg_catalog.pg_class AS r ON r.oid = a.attrelid
    JOIN mine AS m ON m.oid = r.relnamespace
   WHERE a.attacl IS NOT NULL AND NOT a.attisdropped AND r.relkind IN ('r', 'p', 'v', 'm', 'f')
  UNION ALL
  SELECT 'ROUTINE', pg_catalog.format('%I.%I(%s)', m.nspname, p.proname, pg_catalog.oidvectortypes(p.proargtypes)),
         NULL, 'pg_catalog.pg_proc'::regclass, p.oid, p.proowner,
         coalesce(p.proacl, pg_catalog.acldefault('f', p.proowner))
    FROM pg_catalog.pg_proc AS p JOIN mine AS m ON m.oid = p.pronamespace
  UNION ALL
  SELECT 'TYPE', pg_catalog.format('%I.%I', m.nspname, t.typname), NULL, 'pg_catalog.pg_type'::regclass, t.oid,
         t.typowner, coalesce(t.typacl, pg_catalog.acldefault('T', t.typowner))
    FROM pg_catalog.pg_type AS t JOIN mine AS m ON m.oid = t.typnamespace
    LEFT JOIN pg_catalog.pg_class AS r ON r.oid = t.typrelid
   WHERE t.typtype <> 'm' AND (t.typrelid = 0 OR r.relkind = 'c')
     AND NOT EXISTS (SELECT FROM pg_catalog.pg_type AS e WHERE e.typarray = t.oid)
  UNION ALL
  SELECT 'SCHEMA', pg_catalog.format('%I', m.nspname), NULL, 'pg_catalog.pg_namespace'::regclass, n.oid, n.nspowner,
         coalesce(n.nspacl, pg_catalog.acldefault('n', n.nspowner))
    FROM pg_catalog.pg_namespace AS n JOIN mine AS m ON m.oid = n.oid
), right_of AS (
  SELECT h.kind, h.name, h.part, CASE WHEN x.grantee = 0 THEN 'public' ELSE g.rolname END AS grantee,
         x.privilege_type, pg_catalog.bool_or(x.is_grantable) AS grantable, x.grantee = h.owner AS own
    FROM held AS h LEFT JOIN LATERAL pg_catalog.aclexplode(h.acl) AS x ON true
    LEFT JOIN pg_catalog.pg_roles AS g ON g.oid = x.grantee
   WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS e WHERE e.classid = h.catalog AND e.objid = h.object
       AND e.deptype = 'e')
     -- the login of a move itself reads what is left over, for as long as that lasts
     AND NOT coalesce(pg_catalog.starts_with(g.rolname, 'freehold_mv_'), false)
   GROUP BY 1, 2, 3, 4, 5, 7
)
SELECT pg_catalog.json_build_array(pg_catalog.current_setting('server_version_num')::integer,
         (SELECT coalesce(pg_catalog.json_agg(pg_catalog.json_build_array(r.kind, r.name, r.part, r.grantee,
              r.privilege_type, r.grantable AND NOT r.own, r.own)), '[]') FROM right_of AS r))::text"""


class Right(NamedTuple):
    """A privilege on an object, or on one ``column`` of it. ``name`` is quoted as SQL."""

    kind: str
    name: str
    column: str
    grantee: str
    privilege: str


class Held(NamedTuple):
    """How a right is held: whether it may be passed on, and whether by the owner, who may anyway."""

    grantable: bool
    own: bool


@dataclass(frozen=True, slots=True)
class Rights:
    """What is held in the schemas, and on what anything could be: (kind, name) also of objects on which nobody has a
    right. ``version`` is server_version_num."""

    version: int
    held: dict[Right, Held]
    objects: frozenset[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Settled:
    """The statements that make the target's rights those of the source, and the rights that it cannot have: those of
    roles that are not there, and those that its version does not know."""

    statements: tuple[Sql, ...]
    homeless: tuple[Right, ...]


def question(schemas: Iterable[str]) -> Sql:
    """One row with one text, for ``rights``. The session's search_path must hold pg_catalog only."""
    return sql(_ACLS, join(", ", [literal(name) for name in schemas]))


def rights(answer: str) -> Rights:
    """What the answer tells."""
    version, rows = cast("tuple[int, list[list[object]]]", json.loads(answer))
    return Rights(
        version,
        {
            Right(str(kind), str(name), str(column or ""), str(grantee), str(privilege)): Held(g is True, own is True)
            for kind, name, column, grantee, privilege, g, own in rows
            if privilege is not None
        },
        frozenset((str(row[0]), str(row[1])) for row in rows),
    )


def mapped(source: Rights, mapping: Callable[[str], str]) -> Rights:
    """The rights of the source with the roles of the target."""
    held: dict[Right, Held] = {}
    for right, how in source.held.items():
        moved = right if right.grantee == PUBLIC else right._replace(grantee=mapping(right.grantee))
        before = held.get(moved, how)
        held[moved] = Held(before.grantable or how.grantable, before.own or how.own)
    return Rights(source.version, held, source.objects)


def known(right: Right, *versions: int) -> bool:
    """Whether servers of all these versions have the privilege."""
    return not newer(right.privilege, *versions)


def newer(privilege: str, *versions: int) -> bool:
    """Whether one of the versions does not have the privilege: MAINTAIN came with 17."""
    return privilege == "MAINTAIN" and min(versions) < 170000


def settle(source: Rights, target: Rights, there: frozenset[str]) -> Settled:
    """From the rights of the source, ``mapped``, and those of the target to what must be sent. ``there`` are the roles
    that the target has. Objects that only one side has are left alone."""
    versions = (source.version, target.version)
    shared = source.objects & target.objects
    wanted = {r: how for r, how in source.held.items() if known(r, *versions) and r[:2] in shared}
    have = {r: how for r, how in target.held.items() if known(r, *versions) and r[:2] in shared}
    homeless = {r for r, how in source.held.items() if not known(r, *versions) and not how.own}
    homeless |= {r for r in source.held if r.grantee != PUBLIC and r.grantee not in there}
    give = {r: how for r, how in wanted.items() if r not in homeless and not same(how, have.get(r))}
    # a right that may be passed on and must not be any more is taken whole and given back without
    take = {r for r in have if r not in wanted and not made(r, have[r])}
    take |= {r for r in give if r in have and have[r].grantable}
    return Settled(
        (*(_revoke(right) for right in sorted(take)), *(_grant(right, give[right]) for right in sorted(give))),
        tuple(sorted(homeless)),
    )


def same(wanted: Held, have: Held | None) -> bool:
    """Whether a right is held as wanted; an owner may pass its own on in any case."""
    return have is not None and (have.own or have.grantable == wanted.grantable)


def made(right: Right, how: Held) -> bool:
    """Whether it is a right of who owns the schema: that is whoever the layout makes it for, on either side."""
    return right.kind == "SCHEMA" and how.own


def _what(right: Right) -> Sql:
    privilege = words(right.privilege)
    of = sql("{} ({})", privilege, ident(right.column)) if right.column else privilege
    return sql("{} ON {} {}", of, words(right.kind), raw(right.name))


def _grant(right: Right, how: Held) -> Sql:
    end = keyword(" WITH GRANT OPTION") if how.grantable else Sql(())
    return sql("GRANT {} TO {}{}", _what(right), role(right.grantee), end)


def _revoke(right: Right) -> Sql:
    return sql("REVOKE {} FROM {} CASCADE", _what(right), role(right.grantee))
