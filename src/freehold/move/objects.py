"""Everything in the schemas of a service that has an owner or is made after the rows, by catalog and number."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import cast

from freehold.sqltext import Sql, ident, join, literal, raw, sql

_OBJECTS = """\
WITH mine AS MATERIALIZED (
  SELECT n.oid, n.nspname FROM pg_catalog.pg_namespace AS n WHERE n.nspname = ANY (ARRAY[{}]::name[])
), relation AS MATERIALIZED (
  SELECT c.*, m.nspname FROM pg_catalog.pg_class AS c JOIN mine AS m ON m.oid = c.relnamespace
), part (catalog, object, kind, space, parent, name, owner, alterable, valid) AS (
  SELECT 'pg_catalog.pg_class'::regclass, r.oid,
         CASE r.relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW' WHEN 'S' THEN 'SEQUENCE'
             WHEN 'i' THEN 'INDEX' WHEN 'I' THEN 'INDEX' WHEN 'f' THEN 'FOREIGN TABLE' ELSE 'TABLE' END,
         r.nspname, coalesce((SELECT pg_catalog.format('%I.%I', tn.nspname, t.relname) FROM pg_catalog.pg_index AS i
             JOIN pg_catalog.pg_class AS t ON t.oid = i.indrelid
             JOIN pg_catalog.pg_namespace AS tn ON tn.oid = t.relnamespace WHERE i.indexrelid = r.oid), ''),
         pg_catalog.format('%I.%I', r.nspname, r.relname), r.relowner,
         r.relkind IN ('r', 'p', 'v', 'm') OR (r.relkind = 'S' AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS d
             WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = r.oid AND d.deptype IN ('a', 'i')
             AND d.refclassid = 'pg_catalog.pg_class'::regclass)),
         coalesce((SELECT i.indisvalid OR r.relkind = 'I' FROM pg_catalog.pg_index AS i WHERE i.indexrelid = r.oid),
             true)
    FROM relation AS r WHERE r.relkind <> 'c' AND r.relkind <> 't'
  UNION ALL
  SELECT 'pg_catalog.pg_proc'::regclass, p.oid, 'ROUTINE', m.nspname, '',
         pg_catalog.format('%I.%I(%s)', m.nspname, p.proname, pg_catalog.oidvectortypes(p.proargtypes)),
         p.proowner, true, true
    FROM pg_catalog.pg_proc AS p JOIN mine AS m ON m.oid = p.pronamespace
  UNION ALL
  SELECT 'pg_catalog.pg_type'::regclass, t.oid, 'TYPE', m.nspname, '',
         pg_catalog.format('%I.%I', m.nspname, t.typname), t.typowner, true, true
    FROM pg_catalog.pg_type AS t JOIN mine AS m ON m.oid = t.typnamespace
    LEFT JOIN relation AS r ON r.oid = t.typrelid
   WHERE t.typtype <> 'm' AND (t.typrelid = 0 OR r.relkind = 'c')
     AND NOT EXISTS (SELECT FROM pg_catalog.pg_type AS e WHERE e.typarray = t.oid)
  UNION ALL
  SELECT 'pg_catalog.pg_operator'::regclass, o.oid, 'OPERATOR', m.nspname, '',
         pg_catalog.format('%I.%s (%s, %s)', m.nspname, o.oprname,
             CASE WHEN o.oprleft = 0 THEN 'NONE' ELSE pg_catalog.format_type(o.oprleft, NULL) END,
             CASE WHEN o.oprright = 0 THEN 'NONE' ELSE pg_catalog.format_type(o.oprright, NULL) END),
         o.oprowner, true, true
    FROM pg_catalog.pg_operator AS o JOIN mine AS m ON m.oid = o.oprnamespace
  UNION ALL
  SELECT 'pg_catalog.pg_opclass'::regclass, o.oid, 'OPERATOR CLASS', m.nspname, '',
         pg_catalog.format('%I.%I USING %I', m.nspname, o.opcname, a.amname), o.opcowner, true, true
    FROM pg_catalog.pg_opclass AS o JOIN mine AS m ON m.oid = o.opcnamespace
    JOIN pg_catalog.pg_am AS a ON a.oid = o.opcmethod
  UNION ALL
  SELECT 'pg_catalog.pg_opfamily'::regclass, o.oid, 'OPERATOR FAMILY', m.nspname, '',
         pg_catalog.format('%I.%I USING %I', m.nspname, o.opfname, a.amname), o.opfowner, true, true
    FROM pg_catalog.pg_opfamily AS o JOIN mine AS m ON m.oid = o.opfnamespace
    JOIN pg_catalog.pg_am AS a ON a.oid = o.opfmethod
  UNION ALL
  SELECT 'pg_catalog.pg_collation'::regclass, o.oid, 'COLLATION', m.nspname, '',
         pg_catalog.format('%I.%I', m.nspname, o.collname), o.collowner, true, true
    FROM pg_catalog.pg_collation AS o JOIN mine AS m ON m.oid = o.collnamespace
  UNION ALL
  SELECT 'pg_catalog.pg_conversion'::regclass, o.oid, 'CONVERSION', m.nspname, '',
         pg_catalog.format('%I.%I', m.nspname, o.conname), o.conowner, true, true
    FROM pg_catalog.pg_conversion AS o JOIN mine AS m ON m.oid = o.connamespace
  UNION ALL
  SELECT 'pg_catalog.pg_ts_dict'::regclass, o.oid, 'TEXT SEARCH DICTIONARY', m.nspname, '',
         pg_catalog.format('%I.%I', m.nspname, o.dictname), o.dictowner, true, true
    FROM pg_catalog.pg_ts_dict AS o JOIN mine AS m ON m.oid = o.dictnamespace
  UNION ALL
  SELECT 'pg_catalog.pg_ts_config'::regclass, o.oid, 'TEXT SEARCH CONFIGURATION', m.nspname, '',
         pg_catalog.format('%I.%I', m.nspname, o.cfgname), o.cfgowner, true, true
    FROM pg_catalog.pg_ts_config AS o JOIN mine AS m ON m.oid = o.cfgnamespace
  UNION ALL
  SELECT 'pg_catalog.pg_statistic_ext'::regclass, o.oid, 'STATISTICS', m.nspname, '',
         pg_catalog.format('%I.%I', m.nspname, o.stxname), o.stxowner, true, true
    FROM pg_catalog.pg_statistic_ext AS o JOIN mine AS m ON m.oid = o.stxnamespace
  UNION ALL
  SELECT 'pg_catalog.pg_constraint'::regclass, k.oid, 'CONSTRAINT', r.nspname,
         pg_catalog.format('%I.%I', r.nspname, r.relname), pg_catalog.format('%I', k.conname), r.relowner, false, true
    FROM pg_catalog.pg_constraint AS k JOIN relation AS r ON r.oid = k.conrelid
  UNION ALL
  SELECT 'pg_catalog.pg_constraint'::regclass, k.oid, 'CONSTRAINT', m.nspname,
         pg_catalog.format('DOMAIN %I.%I', m.nspname, t.typname), pg_catalog.format('%I', k.conname), t.typowner,
         false, true
    FROM pg_catalog.pg_constraint AS k JOIN pg_catalog.pg_type AS t ON t.oid = k.contypid
    JOIN mine AS m ON m.oid = t.typnamespace
  UNION ALL
  SELECT 'pg_catalog.pg_trigger'::regclass, g.oid, CASE WHEN g.tgparentid = 0 THEN 'TRIGGER' ELSE 'CLONE' END,
         r.nspname, pg_catalog.format('%I.%I', r.nspname, r.relname), pg_catalog.format('%I', g.tgname), r.relowner,
         false, true
    FROM pg_catalog.pg_trigger AS g JOIN relation AS r ON r.oid = g.tgrelid WHERE NOT g.tgisinternal
  UNION ALL
  SELECT 'pg_catalog.pg_rewrite'::regclass, w.oid, CASE WHEN w.ev_type = '1' THEN 'VIEW' ELSE 'RULE' END, r.nspname,
         pg_catalog.format('%I.%I', r.nspname, r.relname), pg_catalog.format('%I', w.rulename), r.relowner, false, true
    FROM pg_catalog.pg_rewrite AS w JOIN relation AS r ON r.oid = w.ev_class
)
SELECT coalesce(pg_catalog.json_agg(pg_catalog.json_build_array(p.catalog::oid::bigint, p.object::bigint, p.kind,
         p.space, p.parent, p.name, o.rolname, o.rolsuper, p.alterable, p.valid)
         ORDER BY p.catalog::oid, p.space, p.parent, p.name), '[]')::text
  FROM part AS p JOIN pg_catalog.pg_roles AS o ON o.oid = p.owner
 WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS x WHERE x.classid = p.catalog AND x.objid = p.object
     AND x.deptype = 'e')"""


@dataclass(frozen=True, slots=True)
class Thing:
    """An object. ``parent`` and ``name`` are quoted as SQL; ``alterable`` says that it has an owner of its own, the
    others have that of what they belong to. ``kind`` is CLONE for a trigger that a partition has from its parent."""

    kind: str
    schema: str
    parent: str
    name: str
    owner: str
    by_superuser: bool
    alterable: bool
    valid: bool

    @property
    def key(self) -> tuple[str, str, str]:
        """What names it on every server."""
        return (self.kind, self.parent, self.name)

    @property
    def repeatable(self) -> bool:
        """Whether its definition only changes something that is there: the rule of a view, a partition's trigger."""
        return self.kind == "CLONE" or (self.kind == "VIEW" and bool(self.parent))


Things = dict[tuple[int, int], Thing]
"""Objects by catalog and number, which only their own database knows."""


def question(schemas: Iterable[str]) -> Sql:
    """One row with one text, for ``things``. The session's search_path must hold pg_catalog only."""
    return sql(_OBJECTS, join(", ", [literal(name) for name in schemas]))


def things(answer: str) -> Things:
    """What the answer tells."""
    rows = cast("list[tuple[int, int, str, str, str, str, str, bool, bool, bool]]", json.loads(answer))
    return {
        (catalog, oid): Thing(kind, schema, parent, name, owner, by_superuser, alterable, valid)
        for catalog, oid, kind, schema, parent, name, owner, by_superuser, alterable, valid in rows
    }


@dataclass(frozen=True, slots=True)
class Settled:
    """The statements that give the target's objects their owners, and those whose owner the target does not have."""

    statements: tuple[Sql, ...]
    homeless: tuple[tuple[Thing, str], ...]


def settle(source: Things, target: Things, mapping: Callable[[str], str], there: frozenset[str]) -> Settled:
    """From the owners on the source and on the target to what must be sent; ``there`` are the target's roles."""
    wanted = {thing.key: mapping(thing.owner) for thing in source.values() if thing.alterable}
    wrong = [
        (thing, wanted[thing.key])
        for thing in target.values()
        if thing.alterable and wanted.get(thing.key, thing.owner) != thing.owner
    ]
    return Settled(
        # the server has quoted the name, with the types of a function's arguments
        tuple(
            sql("ALTER {} {} OWNER TO {}", raw(thing.kind), raw(thing.name), ident(owner))
            for thing, owner in wrong
            if owner in there
        ),
        tuple((thing, owner) for thing, owner in wrong if owner not in there),
    )
