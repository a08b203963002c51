"""What a database holds, asked in one query and read into a Seen."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import cast

from freehold.adopt.model import Kind, Old, Right, Seen, Thing
from freehold.spec.model import TableName
from freehold.sqltext import Sql, join, keyword, literal, sql

Json = dict[str, object]

_SEEN = """\
WITH space AS MATERIALIZED (
  SELECT n.oid, n.nspname FROM pg_catalog.pg_namespace AS n WHERE n.nspname = ANY (ARRAY[{}]::name[])
), head AS MATERIALIZED (
  -- every part of an object named by the object a person would name
  SELECT 'pg_catalog.pg_class'::regclass AS catalog, c.oid,
         CASE WHEN i.indrelid IS NOT NULL THEN 'c' || i.indrelid WHEN c.relkind = 'c' THEN 't' || c.reltype
              ELSE 'c' || c.oid END AS key
    FROM pg_catalog.pg_class AS c LEFT JOIN pg_catalog.pg_index AS i ON i.indexrelid = c.oid WHERE c.oid >= 16384
  UNION ALL
  SELECT 'pg_catalog.pg_type'::regclass, t.oid,
         CASE WHEN c.relkind <> 'c' THEN 'c' || c.oid ELSE 't' || coalesce(m.rngtypid, e.oid, t.oid) END
    FROM pg_catalog.pg_type AS t LEFT JOIN pg_catalog.pg_type AS e ON e.typarray = t.oid
    LEFT JOIN pg_catalog.pg_range AS m ON m.rngmultitypid = coalesce(e.oid, t.oid)
    LEFT JOIN pg_catalog.pg_class AS c ON c.oid = coalesce(nullif(e.typrelid, 0), nullif(t.typrelid, 0))
   WHERE t.oid >= 16384
  UNION ALL SELECT 'pg_catalog.pg_proc'::regclass, p.oid, 'p' || p.oid FROM pg_catalog.pg_proc AS p
             WHERE p.oid >= 16384
  UNION ALL SELECT 'pg_catalog.pg_attrdef'::regclass, d.oid, 'c' || d.adrelid FROM pg_catalog.pg_attrdef AS d
  UNION ALL SELECT 'pg_catalog.pg_rewrite'::regclass, r.oid, 'c' || r.ev_class FROM pg_catalog.pg_rewrite AS r
  UNION ALL SELECT 'pg_catalog.pg_trigger'::regclass, g.oid, 'c' || g.tgrelid FROM pg_catalog.pg_trigger AS g
  UNION ALL SELECT 'pg_catalog.pg_policy'::regclass, p.oid, 'c' || p.polrelid FROM pg_catalog.pg_policy AS p
  UNION ALL SELECT 'pg_catalog.pg_constraint'::regclass, n.oid,
                   CASE WHEN n.conrelid <> 0 THEN 'c' || n.conrelid ELSE 't' || n.contypid END
              FROM pg_catalog.pg_constraint AS n
), uses AS (
  SELECT DISTINCT a.key AS who, b.key AS what FROM pg_catalog.pg_depend AS d
    JOIN head AS a ON a.catalog = d.classid AND a.oid = d.objid
    JOIN head AS b ON b.catalog = d.refclassid AND b.oid = d.refobjid
   WHERE a.key <> b.key
), extension AS MATERIALIZED (
  SELECT d.classid, d.objid, e.extname FROM pg_catalog.pg_depend AS d
    JOIN pg_catalog.pg_extension AS e ON e.oid = d.refobjid WHERE d.deptype = 'e'
), thing AS (
  SELECT 'c' || c.oid AS key, CASE c.relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW'
           WHEN 'S' THEN 'SEQUENCE' WHEN 'f' THEN 'FOREIGN TABLE' ELSE 'TABLE' END AS kind,
         s.nspname AS space, c.relname AS name, c.relowner AS owner, x.extname AS extension, '' AS arguments,
         CASE WHEN c.relispartition THEN (SELECT 'c' || i.inhparent FROM pg_catalog.pg_inherits AS i
                                           WHERE i.inhrelid = c.oid)
              WHEN c.relkind = 'S' THEN (SELECT 'c' || d.refobjid FROM pg_catalog.pg_depend AS d
                WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid AND d.refobjsubid > 0
                  AND d.refclassid = 'pg_catalog.pg_class'::regclass AND d.deptype IN ('a', 'i') LIMIT 1)
         END AS part_of,
         coalesce(c.relacl, pg_catalog.acldefault(CASE c.relkind WHEN 'S' THEN 's'::"char" ELSE 'r' END, c.relowner))
           AS acl,
         (SELECT pg_catalog.json_agg(a.attname ORDER BY a.attnum) FROM pg_catalog.pg_attribute AS a
           WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND c.relkind <> 'S') AS columns,
         (SELECT pg_catalog.json_agg(pg_catalog.json_build_array(
                   CASE g.grantee WHEN 0 THEN {} ELSE pg_catalog.pg_get_userbyid(g.grantee) END, g.privilege_type,
                   g.is_grantable, a.attname) ORDER BY a.attnum, g.grantee, g.privilege_type)
            FROM pg_catalog.pg_attribute AS a CROSS JOIN LATERAL pg_catalog.aclexplode(a.attacl) AS g
           WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped) AS column_rights,
         (SELECT pg_catalog.json_agg('c' || i.inhparent) FROM pg_catalog.pg_inherits AS i
           WHERE i.inhrelid = c.oid AND NOT c.relispartition) AS parents,
         false AS fires, false AS definer, '' AS text,
         c.relrowsecurity AS policed, c.relrowsecurity AND NOT c.relforcerowsecurity AS guarded,
         (SELECT pg_catalog.json_agg(l.polname ORDER BY l.polname) FROM pg_catalog.pg_policy AS l
           WHERE l.polrelid = c.oid AND NOT l.polpermissive AND EXISTS (SELECT FROM pg_catalog.unnest(l.polroles) AS r
             WHERE r = 0 OR pg_catalog.pg_has_role(c.relowner, r, 'USAGE'))) AS restricting
    FROM pg_catalog.pg_class AS c JOIN space AS s ON s.oid = c.relnamespace
    LEFT JOIN extension AS x ON x.classid = 'pg_catalog.pg_class'::regclass AND x.objid = c.oid
   WHERE c.relkind IN ('r', 'p', 'f', 'v', 'm', 'S')
  UNION ALL
  SELECT 't' || t.oid, CASE t.typtype WHEN 'd' THEN 'DOMAIN' ELSE 'TYPE' END, s.nspname, t.typname, t.typowner,
         x.extname, '', (SELECT 't' || r.rngtypid FROM pg_catalog.pg_range AS r WHERE r.rngmultitypid = t.oid),
         coalesce(t.typacl, pg_catalog.acldefault('T', t.typowner)), NULL, NULL, NULL,
         false, false, '', false, false, NULL
    FROM pg_catalog.pg_type AS t JOIN space AS s ON s.oid = t.typnamespace
    LEFT JOIN pg_catalog.pg_class AS c ON c.oid = t.typrelid
    LEFT JOIN extension AS x ON x.classid = 'pg_catalog.pg_type'::regclass AND x.objid = t.oid
   WHERE t.typtype IN ('e', 'd', 'r', 'm') OR (t.typtype = 'c' AND c.relkind = 'c')
  UNION ALL
  SELECT 'p' || p.oid, 'ROUTINE', s.nspname, p.proname, p.proowner, x.extname,
         pg_catalog.pg_get_function_identity_arguments(p.oid), NULL,
         coalesce(p.proacl, pg_catalog.acldefault('f', p.proowner)), NULL, NULL, NULL,
         p.prorettype = 'pg_catalog.trigger'::regtype, p.prosecdef,
         CASE WHEN l.lanname IN ('internal', 'c') OR p.prokind = 'a' THEN ''
              ELSE p.prosrc END,
         false, false, NULL
    FROM pg_catalog.pg_proc AS p JOIN space AS s ON s.oid = p.pronamespace
    JOIN pg_catalog.pg_language AS l ON l.oid = p.prolang
    LEFT JOIN extension AS x ON x.classid = 'pg_catalog.pg_proc'::regclass AND x.objid = p.oid
  UNION ALL
  SELECT 's' || e.oid, 'STATISTICS', s.nspname, e.stxname, e.stxowner, NULL, '', 'c' || e.stxrelid, NULL, NULL, NULL,
         NULL, false, false, '', false, false, NULL
    FROM pg_catalog.pg_statistic_ext AS e JOIN space AS s ON s.oid = e.stxnamespace
)
SELECT pg_catalog.json_build_object(
  'things', (SELECT pg_catalog.json_agg(pg_catalog.json_build_object(
       'key', t.key, 'kind', t.kind, 'schema', t.space, 'name', t.name, 'owner', o.rolname, 'super', o.rolsuper,
       'extension', t.extension, 'arguments', t.arguments, 'part_of', t.part_of, 'columns', t.columns,
       'column_rights', t.column_rights, 'parents', t.parents, 'fires', t.fires, 'definer', t.definer, 'text', t.text,
       'policed', t.policed, 'guarded', t.guarded, 'restricting', t.restricting,
       'rights', (SELECT pg_catalog.json_agg(pg_catalog.json_build_array(
            CASE g.grantee WHEN 0 THEN {} ELSE pg_catalog.pg_get_userbyid(g.grantee) END, g.privilege_type,
            g.is_grantable, '') ORDER BY g.grantee, g.privilege_type) FROM pg_catalog.aclexplode(t.acl) AS g)
     ) ORDER BY t.space, t.name, t.kind, t.arguments)
     FROM thing AS t JOIN pg_catalog.pg_roles AS o ON o.oid = t.owner),
  'uses', (SELECT pg_catalog.json_agg(pg_catalog.json_build_array(u.who, u.what)) FROM uses AS u),
  'published', (SELECT pg_catalog.json_agg(pg_catalog.json_build_array(p.pubname, s.nspname))
      FROM pg_catalog.pg_publication_namespace AS n JOIN pg_catalog.pg_publication AS p ON p.oid = n.pnpubid
      JOIN space AS s ON s.oid = n.pnnspid),
  'clients', (SELECT pg_catalog.json_agg(DISTINCT a.usename) FROM pg_catalog.pg_stat_activity AS a
      JOIN pg_catalog.pg_roles AS r ON r.oid = a.usesysid
      WHERE a.datname = pg_catalog.current_database() AND a.pid <> pg_catalog.pg_backend_pid() AND NOT r.rolsuper),
  'deadlock', (SELECT s.setting::integer FROM pg_catalog.pg_settings AS s WHERE s.name = 'deadlock_timeout'))::text"""

HAS_RECORD = keyword("SELECT pg_catalog.to_regclass('freehold.adoption') IS NOT NULL")

_TAKEN = """\
SELECT n.nspname, x.name FROM pg_catalog.pg_namespace AS n JOIN (
    SELECT c.relnamespace AS space, c.relname AS name FROM pg_catalog.pg_class AS c
    UNION SELECT t.typnamespace, t.typname FROM pg_catalog.pg_type AS t
    UNION SELECT e.stxnamespace, e.stxname FROM pg_catalog.pg_statistic_ext AS e
) AS x ON x.space = n.oid WHERE n.nspname = ANY (ARRAY[{}]::name[])"""


def question(schemas: Iterable[str], public: str) -> Sql:
    """One query for everything in these schemas; ``public`` is how the rights of everybody are told."""
    return sql(_SEEN, _names(schemas), literal(public), literal(public))


def taken(schemas: Iterable[str]) -> Sql:
    """Schema and name of what lies in the schemas."""
    return sql(_TAKEN, _names(schemas))


def _names(names: Iterable[str]) -> Sql:
    return join(", ", [literal(name) for name in sorted(names)])


def seen(answer: str, taken_rows: Iterable[tuple[object, ...]], old: tuple[Old, ...], targets: frozenset[str]) -> Seen:
    """What the answers to ``question``, ``taken`` and the record say; ``targets`` are the schemas of services."""
    got = cast(Json, json.loads(answer))
    things = [_thing(row) for row in cast("list[Json] | None", got["things"]) or []]
    stands = {TableName(one.schema, one.name) for one in old if one.view}
    stand_ins = [one for one in things if one.kind is Kind.VIEW and one.table in stands]
    return Seen(
        things=tuple(one for one in things if one.schema not in targets and one not in stand_ins),
        placed=tuple(one for one in things if one.schema in targets),
        stand_ins=tuple(stand_ins),
        uses=tuple((str(who), str(what)) for who, what in _rows(got["uses"])),
        taken=frozenset(TableName(str(schema), str(name)) for schema, name in taken_rows),
        old=old,
        published=tuple((str(name), str(schema)) for name, schema in _rows(got["published"])),
        clients=frozenset(cast("list[str] | None", got["clients"]) or ()),
        deadlock_timeout_ms=int(str(got["deadlock"])),
    )


def rights(rows: object) -> tuple[Right, ...]:
    """Rights as the database tells them."""
    return tuple(
        Right(str(who), str(privilege), grantable is True, str(column))
        for who, privilege, grantable, column in _rows(rows)
    )


def _thing(row: Json) -> Thing:
    return Thing(
        key=str(row["key"]),
        kind=Kind(str(row["kind"])),
        schema=str(row["schema"]),
        name=str(row["name"]),
        owner=str(row["owner"]),
        owner_is_superuser=row["super"] is True,
        extension=str(row["extension"] or ""),
        arguments=str(row["arguments"] or ""),
        part_of=str(row["part_of"] or ""),
        rights=(*rights(row["rights"]), *rights(row["column_rights"])),
        columns=tuple(cast("list[str] | None", row["columns"]) or ()),
        parents=tuple(cast("list[str] | None", row["parents"]) or ()),
        fires=row["fires"] is True,
        definer=row["definer"] is True,
        policed=row["policed"] is True,
        guarded=row["guarded"] is True,
        restricting=tuple(cast("list[str] | None", row["restricting"]) or ()),
        text=str(row["text"] or ""),
    )


def _rows(value: object) -> list[list[object]]:
    return cast("list[list[object]] | None", value) or []
