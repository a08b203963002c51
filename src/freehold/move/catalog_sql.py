"""The query behind ``catalog``. Its two places are the service's schemas and its roles."""

from __future__ import annotations

from typing import Final

INVENTORY: Final = """\
WITH mine AS MATERIALIZED (
  SELECT n.oid, n.nspname FROM pg_catalog.pg_namespace AS n WHERE n.nspname = ANY (ARRAY[{}]::name[])
), relation AS MATERIALIZED (
  SELECT c.*, m.nspname, pg_catalog.row_number() OVER () AS n FROM pg_catalog.pg_class AS c
      JOIN mine AS m ON m.oid = c.relnamespace
   WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS x WHERE x.classid = 'pg_catalog.pg_class'::regclass
       AND x.objid = c.oid AND x.deptype = 'e')
), columns AS MATERIALIZED (
  SELECT a.attrelid, pg_catalog.json_agg(pg_catalog.json_build_array(
           a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod), bn.nspname, b.typname, b.typtype,
           e.oid IS DISTINCT FROM u.oid OR t.typcategory = 'A', t.typtype = 'd', a.attnotnull, a.attgenerated,
               a.attidentity,
           coalesce(l.collisdeterministic, true)) ORDER BY a.attnum) AS list
    FROM pg_catalog.pg_attribute AS a
    JOIN pg_catalog.pg_type AS t ON t.oid = a.atttypid
    CROSS JOIN LATERAL (WITH RECURSIVE down AS (
        SELECT t.oid, t.typbasetype, t.typtype UNION ALL
        SELECT d.oid, d.typbasetype, d.typtype FROM down
            JOIN pg_catalog.pg_type AS d ON d.oid = down.typbasetype WHERE down.typtype = 'd')
        SELECT down.oid FROM down WHERE down.typtype <> 'd') AS u
    JOIN pg_catalog.pg_type AS v ON v.oid = u.oid
    JOIN pg_catalog.pg_type AS e ON e.oid = CASE WHEN v.typcategory = 'A' AND v.typelem <> 0 THEN v.typelem
        ELSE v.oid END
    CROSS JOIN LATERAL (WITH RECURSIVE down AS (
        SELECT e.oid, e.typbasetype, e.typtype UNION ALL
        SELECT d.oid, d.typbasetype, d.typtype FROM down
            JOIN pg_catalog.pg_type AS d ON d.oid = down.typbasetype WHERE down.typtype = 'd')
        SELECT down.oid FROM down WHERE down.typtype <> 'd') AS w
    JOIN pg_catalog.pg_type AS b ON b.oid = w.oid
    JOIN pg_catalog.pg_namespace AS bn ON bn.oid = b.typnamespace
    LEFT JOIN pg_catalog.pg_collation AS l ON l.oid = a.attcollation
   WHERE a.attrelid IN (SELECT r.oid FROM relation AS r WHERE r.relkind IN ('r', 'p')) AND a.attnum > 0
       AND NOT a.attisdropped
   GROUP BY a.attrelid
), tables AS (
  SELECT pg_catalog.json_agg(pg_catalog.json_build_object(
           'schema', r.nspname, 'name', r.relname, 'kind', r.relkind, 'persistence', r.relpersistence,
           'columns', coalesce(c.list, '[]'::json),
           'key', (SELECT pg_catalog.json_agg(a.attname ORDER BY k.n) FROM pg_catalog.pg_constraint AS p
                    CROSS JOIN LATERAL pg_catalog.unnest(p.conkey) WITH ORDINALITY AS k(attnum, n)
                    JOIN pg_catalog.pg_attribute AS a ON a.attrelid = p.conrelid AND a.attnum = k.attnum
                   WHERE p.conrelid = r.oid AND p.contype = 'p'),
           'identity', r.relreplident,
           'parent', CASE WHEN r.relispartition THEN (SELECT pg_catalog.json_build_array(pn.nspname, pc.relname)
                       FROM pg_catalog.pg_inherits AS i JOIN pg_catalog.pg_class AS pc ON pc.oid = i.inhparent
                       JOIN pg_catalog.pg_namespace AS pn ON pn.oid = pc.relnamespace WHERE i.inhrelid = r.oid) END,
           'inherits', NOT r.relispartition AND EXISTS (SELECT FROM pg_catalog.pg_inherits AS i
                       JOIN pg_catalog.pg_class AS ic ON ic.oid = i.inhparent
                       WHERE (i.inhrelid = r.oid OR i.inhparent = r.oid) AND ic.relkind = 'r'),
           'rls', r.relrowsecurity, 'force', r.relforcerowsecurity,
           'pages', r.relpages, 'bytes', CASE WHEN r.relkind = 'r' THEN pg_catalog.pg_relation_size(r.oid) ELSE 0 END,
           'rows', CASE WHEN r.relkind <> 'r' THEN greatest(0, r.reltuples)
               -- as the planner does: as dense as when it was last counted; a guess where it never was
               WHEN r.reltuples >= 0 AND r.relpages > 0 THEN r.reltuples / r.relpages
                   * (pg_catalog.pg_relation_size(r.oid) / pg_catalog.current_setting('block_size')::bigint)
               ELSE pg_catalog.pg_relation_size(r.oid) / 100 END::bigint,
           'tablespace', (SELECT s.spcname FROM pg_catalog.pg_tablespace AS s WHERE s.oid = r.reltablespace),
           'triggers', (SELECT pg_catalog.json_agg(pg_catalog.json_build_array(g.tgname, g.tgenabled)
               ORDER BY g.tgname)
                          FROM pg_catalog.pg_trigger AS g WHERE g.tgrelid = r.oid AND NOT g.tgisinternal)
         ) ORDER BY r.nspname, r.relname) AS list
    FROM relation AS r LEFT JOIN columns AS c ON c.attrelid = r.oid WHERE r.relkind IN ('r', 'p')
), sequences AS (
  SELECT pg_catalog.json_agg(pg_catalog.json_build_array(r.nspname, r.relname, pg_catalog.format_type(q.seqtypid,
      NULL),
           q.seqincrement, q.seqmin, q.seqmax, q.seqcycle, q.seqcache, o.nspname, o.relname, o.attname)
               ORDER BY r.nspname, r.relname) AS list
    FROM relation AS r JOIN pg_catalog.pg_sequence AS q ON q.seqrelid = r.oid
    LEFT JOIN LATERAL (SELECT n.nspname, c.relname, a.attname FROM pg_catalog.pg_depend AS d
           JOIN pg_catalog.pg_class AS c ON c.oid = d.refobjid
               JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
           JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid AND a.attnum = d.refobjsubid
          WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = r.oid
              AND d.refclassid = 'pg_catalog.pg_class'::regclass
            AND d.deptype IN ('a', 'i')) AS o ON true
), keys AS (
  SELECT pg_catalog.json_agg(pg_catalog.json_build_array(k.conname, an.nspname, a.relname, bn.nspname, b.relname,
           pg_catalog.pg_get_constraintdef(k.oid), k.convalidated)
               ORDER BY an.nspname, a.relname, k.conname) AS list
    FROM pg_catalog.pg_constraint AS k
    JOIN pg_catalog.pg_class AS a ON a.oid = k.conrelid
        JOIN pg_catalog.pg_namespace AS an ON an.oid = a.relnamespace
    JOIN pg_catalog.pg_class AS b ON b.oid = k.confrelid
        JOIN pg_catalog.pg_namespace AS bn ON bn.oid = b.relnamespace
   WHERE k.contype = 'f' AND k.conparentid = 0 AND (an.oid IN (SELECT oid FROM mine) OR bn.oid
       IN (SELECT oid FROM mine))
), others AS (
  SELECT pg_catalog.json_agg(pg_catalog.json_build_array(CASE r.relkind WHEN 'f' THEN 'foreign table'
      WHEN 'v' THEN 'view' ELSE 'materialized view' END,
           pg_catalog.format('%I.%I', r.nspname, r.relname)) ORDER BY r.nspname, r.relname) AS list
    FROM relation AS r WHERE r.relkind IN ('f', 'v', 'm')
), used AS MATERIALIZED (
  -- what depends on what, each end named by what a person would call it: the rule of a view by its view
  SELECT DISTINCT
         CASE WHEN d.classid = 'pg_catalog.pg_rewrite'::regclass
             THEN (SELECT CASE c.relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view' ELSE 'rule' END
              FROM pg_catalog.pg_rewrite AS w JOIN pg_catalog.pg_class AS c ON c.oid = w.ev_class WHERE w.oid = d.objid)
             ELSE (pg_catalog.pg_identify_object(d.classid, d.objid, 0)).type END AS kind,
         CASE WHEN d.classid = 'pg_catalog.pg_rewrite'::regclass
             THEN (SELECT CASE WHEN c.relkind IN ('v', 'm') THEN '' ELSE pg_catalog.format('%I ON ', w.rulename) END
                  || pg_catalog.format('%I.%I', n.nspname, c.relname)
              FROM pg_catalog.pg_rewrite AS w JOIN pg_catalog.pg_class AS c ON c.oid = w.ev_class
                  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace WHERE w.oid = d.objid)
              ELSE (pg_catalog.pg_identify_object(d.classid, d.objid, 0)).identity END AS name,
         CASE WHEN d.classid = 'pg_catalog.pg_rewrite'::regclass THEN (SELECT n.nspname
             FROM pg_catalog.pg_rewrite AS w JOIN pg_catalog.pg_class AS c ON c.oid = w.ev_class
              JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace WHERE w.oid = d.objid)
              WHEN d.classid = 'pg_catalog.pg_proc'::regclass THEN (SELECT n.nspname
                  FROM pg_catalog.pg_proc AS p JOIN pg_catalog.pg_namespace AS n ON n.oid = p.pronamespace
                      WHERE p.oid = d.objid)
              WHEN d.classid = 'pg_catalog.pg_policy'::regclass THEN (SELECT n.nspname
                  FROM pg_catalog.pg_policy AS p JOIN pg_catalog.pg_class AS c ON c.oid = p.polrelid
                      JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace WHERE p.oid = d.objid)
              WHEN d.classid = 'pg_catalog.pg_trigger'::regclass THEN (SELECT n.nspname
                  FROM pg_catalog.pg_trigger AS g JOIN pg_catalog.pg_class AS c ON c.oid = g.tgrelid
                      JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace WHERE g.oid = d.objid)
              WHEN d.classid = 'pg_catalog.pg_attrdef'::regclass THEN (SELECT n.nspname
                  FROM pg_catalog.pg_attrdef AS f JOIN pg_catalog.pg_class AS c ON c.oid = f.adrelid
                      JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace WHERE f.oid = d.objid)
         END AS space,
         (pg_catalog.pg_identify_object(d.refclassid, d.refobjid, 0)).identity AS uses,
         CASE WHEN d.refclassid = 'pg_catalog.pg_class'::regclass THEN (SELECT n.nspname
             FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
                 WHERE c.oid = d.refobjid)
              WHEN d.refclassid = 'pg_catalog.pg_proc'::regclass THEN (SELECT n.nspname
                  FROM pg_catalog.pg_proc AS p JOIN pg_catalog.pg_namespace AS n ON n.oid = p.pronamespace
                      WHERE p.oid = d.refobjid)
              WHEN d.refclassid = 'pg_catalog.pg_type'::regclass THEN (SELECT n.nspname
                  FROM pg_catalog.pg_type AS t JOIN pg_catalog.pg_namespace AS n ON n.oid = t.typnamespace
                      WHERE t.oid = d.refobjid)
         END AS uses_space,
         (pg_catalog.pg_identify_object(d.refclassid, d.refobjid, 0)).type AS uses_kind,
         CASE WHEN d.refclassid = 'pg_catalog.pg_class'::regclass
             THEN (SELECT c.relname FROM pg_catalog.pg_class AS c WHERE c.oid = d.refobjid)
              WHEN d.refclassid = 'pg_catalog.pg_proc'::regclass
             THEN (SELECT p.proname FROM pg_catalog.pg_proc AS p WHERE p.oid = d.refobjid)
             ELSE (SELECT t.typname FROM pg_catalog.pg_type AS t WHERE t.oid = d.refobjid) END AS uses_name,
         -- columns whose type is text in a foreign table
         (SELECT pg_catalog.string_agg(DISTINCT pg_catalog.quote_ident(a.attname), ', ')
            FROM pg_catalog.pg_depend AS e
            JOIN pg_catalog.pg_attribute AS a ON a.attrelid = e.refobjid AND a.attnum = e.refobjsubid
            JOIN pg_catalog.pg_class AS c ON c.oid = a.attrelid
            JOIN pg_catalog.pg_type AS t ON t.oid = a.atttypid
            JOIN pg_catalog.pg_type AS b ON b.oid = CASE WHEN t.typcategory = 'A' AND t.typelem <> 0 THEN t.typelem
                ELSE t.oid END
           WHERE e.classid = d.classid AND e.objid = d.objid AND e.refclassid = 'pg_catalog.pg_class'::regclass
             AND d.refclassid = e.refclassid AND e.refobjid = d.refobjid AND e.refobjsubid > 0
             AND b.typnamespace <> 'pg_catalog'::regnamespace
             AND NOT (b.typnamespace = c.relnamespace AND (b.typtype = 'e' OR (b.typtype = 'd' AND EXISTS (SELECT
                 FROM pg_catalog.pg_type AS o WHERE o.oid = b.typbasetype
                   AND o.typnamespace = 'pg_catalog'::regnamespace))))
             AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS x WHERE x.classid = 'pg_catalog.pg_type'::regclass
                 AND x.objid = b.oid AND x.deptype = 'e')) AS strange,
         -- an updatable view, and who may write through it into what it uses
         (SELECT pg_catalog.json_build_array(pg_catalog.pg_get_viewdef(c.oid), pg_catalog.string_agg(DISTINCT CASE
                     a.grantee WHEN 0 THEN 'PUBLIC' ELSE a.grantee::regrole::text END, ', '))::text
            FROM pg_catalog.pg_rewrite AS w JOIN pg_catalog.pg_class AS c ON c.oid = w.ev_class
            CROSS JOIN LATERAL pg_catalog.aclexplode(c.relacl) AS a
           WHERE d.classid = 'pg_catalog.pg_rewrite'::regclass AND w.oid = d.objid AND c.relkind = 'v'
             AND d.refclassid = 'pg_catalog.pg_class'::regclass AND w.ev_type = '1'
             AND pg_catalog.pg_relation_is_updatable(c.oid, false) & 28 <> 0
             AND a.grantee <> c.relowner AND a.privilege_type IN ('INSERT', 'UPDATE', 'DELETE')
             AND pg_catalog.has_table_privilege(CASE WHEN a.grantee <> 0 AND coalesce(c.reloptions::text, '')
                 LIKE '%security_invoker=true%' THEN a.grantee ELSE c.relowner END, d.refobjid, a.privilege_type)
           GROUP BY c.oid
         ) AS writable
    FROM pg_catalog.pg_depend AS d
   WHERE d.deptype IN ('n', 'a')
     AND d.classid IN ('pg_catalog.pg_rewrite'::regclass, 'pg_catalog.pg_proc'::regclass,
         'pg_catalog.pg_policy'::regclass,
                       'pg_catalog.pg_trigger'::regclass, 'pg_catalog.pg_attrdef'::regclass)
     AND d.refclassid IN ('pg_catalog.pg_class'::regclass, 'pg_catalog.pg_proc'::regclass,
         'pg_catalog.pg_type'::regclass)
     -- what an extension brings belongs to no service
     AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS x WHERE x.deptype = 'e'
         AND ((x.classid = d.refclassid AND x.objid = d.refobjid) OR (x.classid = d.classid AND x.objid = d.objid)))
), dependents AS (
  SELECT pg_catalog.json_agg(pg_catalog.json_build_array(u.kind, u.name, u.space, u.uses, u.uses_space,
      u.uses_kind, u.uses_name, coalesce(u.strange, ''), coalesce(u.writable, ''))
      ORDER BY u.space, u.name, u.uses) AS list
    FROM used AS u
   WHERE u.space IS NOT NULL AND u.uses_space IS NOT NULL
     AND u.space NOT IN ('pg_catalog', 'information_schema', 'freehold') AND u.uses_space NOT
         IN ('pg_catalog', 'information_schema', 'freehold')
     AND NOT pg_catalog.starts_with(u.space::text, 'freehold_moved_')
     AND NOT pg_catalog.starts_with(u.uses_space::text, 'freehold_moved_')
     AND (u.space IN (SELECT nspname FROM mine)) <> (u.uses_space IN (SELECT nspname FROM mine))
)
SELECT pg_catalog.json_build_object(
  'version', pg_catalog.current_setting('server_version_num')::integer,
  'tables', (SELECT list FROM tables), 'sequences', (SELECT list FROM sequences), 'keys', (SELECT list FROM keys),
  'others', (SELECT list FROM others), 'dependents', (SELECT list FROM dependents),
  'extensions', (SELECT pg_catalog.json_agg(pg_catalog.json_build_array(e.extname, e.extversion)
      ORDER BY e.extname) FROM pg_catalog.pg_extension AS e),
  'large_objects', (SELECT pg_catalog.count(*) FROM pg_catalog.pg_largeobject_metadata AS l
                     WHERE l.lomowner IN (SELECT o.oid FROM pg_catalog.pg_roles AS o
                         WHERE o.rolname = ANY (ARRAY[{}]::name[]))))::text"""
