-- who owns what in one database and what needs what, as one value; reads catalogs and statistics, locks no user's table
WITH space AS MATERIALIZED (
  SELECT n.oid, n.nspname, n.nspowner, n.nspacl
    FROM pg_catalog.pg_namespace AS n
   WHERE NOT pg_catalog.starts_with(n.nspname::text, 'pg_') AND n.nspname NOT IN ('information_schema', 'freehold')
), part AS MATERIALIZED (
  SELECT d.classid, d.objid FROM pg_catalog.pg_depend AS d
   WHERE d.refclassid = 'pg_catalog.pg_extension'::regclass AND d.deptype = 'e'
), relation AS MATERIALIZED (
  SELECT c.oid, s.nspname, c.relname, c.relkind, c.relowner, c.relacl, c.relispartition, c.relpages, c.reltuples, c.reltoastrelid
    FROM pg_catalog.pg_class AS c
    JOIN space AS s ON s.oid = c.relnamespace
   WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')
     AND NOT EXISTS (SELECT FROM part AS x WHERE x.classid = 'pg_catalog.pg_class'::regclass AND x.objid = c.oid)
), routine AS MATERIALIZED (
  SELECT p.oid, s.nspname, p.proname, p.proowner, p.prosrc, p.prosecdef, p.proconfig, p.prosqlbody IS NOT NULL AS parsed, l.lanname,
         pg_catalog.format_type(p.prorettype, NULL) AS returns
    FROM pg_catalog.pg_proc AS p
    JOIN space AS s ON s.oid = p.pronamespace
    JOIN pg_catalog.pg_language AS l ON l.oid = p.prolang
   WHERE p.prokind IN ('f', 'p')
     AND NOT EXISTS (SELECT FROM part AS x WHERE x.classid = 'pg_catalog.pg_proc'::regclass AND x.objid = p.oid)
), need AS (
  SELECT DISTINCT CASE v.relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW' ELSE 'RULE' END AS kind,
         v.nspname AS space, v.relname AS name, t.nspname AS to_space, t.relname AS to_name,
         CASE WHEN v.relkind IN ('v', 'm') THEN '' ELSE r.rulename::text END AS called
    FROM pg_catalog.pg_depend AS d
    JOIN pg_catalog.pg_rewrite AS r ON r.oid = d.objid
    JOIN relation AS v ON v.oid = r.ev_class
    JOIN relation AS t ON t.oid = d.refobjid AND t.oid <> v.oid
   WHERE d.classid = 'pg_catalog.pg_rewrite'::regclass AND d.refclassid = 'pg_catalog.pg_class'::regclass
  UNION
  SELECT DISTINCT 'FUNCTION', p.nspname, p.proname, t.nspname, t.relname, ''
    FROM pg_catalog.pg_depend AS d
    JOIN routine AS p ON p.oid = d.objid
    JOIN relation AS t ON t.oid = d.refobjid
   WHERE d.classid = 'pg_catalog.pg_proc'::regclass AND d.refclassid = 'pg_catalog.pg_class'::regclass
  UNION
  SELECT DISTINCT 'POLICY', o.nspname, o.relname, t.nspname, t.relname, p.polname::text
    FROM pg_catalog.pg_depend AS d
    JOIN pg_catalog.pg_policy AS p ON p.oid = d.objid
    JOIN relation AS o ON o.oid = p.polrelid
    JOIN relation AS t ON t.oid = d.refobjid AND t.oid <> o.oid
   WHERE d.classid = 'pg_catalog.pg_policy'::regclass AND d.refclassid = 'pg_catalog.pg_class'::regclass
  UNION
  -- a default that draws from a sequence which another table owns
  SELECT DISTINCT 'DEFAULT', o.nspname, o.relname, t.nspname, t.relname, q.relname::text
    FROM pg_catalog.pg_depend AS d
    JOIN pg_catalog.pg_attrdef AS a ON a.oid = d.objid
    JOIN relation AS o ON o.oid = a.adrelid
    JOIN pg_catalog.pg_class AS q ON q.oid = d.refobjid AND q.relkind = 'S'
    JOIN pg_catalog.pg_depend AS w ON w.classid = 'pg_catalog.pg_class'::regclass AND w.objid = q.oid
                                  AND w.refclassid = 'pg_catalog.pg_class'::regclass AND w.deptype IN ('a', 'i')
    JOIN relation AS t ON t.oid = w.refobjid AND t.oid <> o.oid
   WHERE d.classid = 'pg_catalog.pg_attrdef'::regclass AND d.refclassid = 'pg_catalog.pg_class'::regclass
)
SELECT pg_catalog.json_build_object(
  'schemas', (SELECT pg_catalog.json_agg(pg_catalog.json_build_array(s.nspname, pg_catalog.pg_get_userbyid(s.nspowner),
                       coalesce(s.nspacl, pg_catalog.acldefault('n', s.nspowner))::text[])) FROM space AS s),
  'extensions', (SELECT pg_catalog.json_agg(pg_catalog.json_build_array(e.extname, e.extversion)) FROM pg_catalog.pg_extension AS e),
  'tables', (SELECT pg_catalog.json_agg(pg_catalog.json_build_array(r.nspname, r.relname,
                      CASE r.relkind WHEN 'r' THEN 'TABLE' WHEN 'p' THEN 'PARTITIONED TABLE' WHEN 'v' THEN 'VIEW'
                                     WHEN 'm' THEN 'MATERIALIZED VIEW' ELSE 'FOREIGN TABLE' END,
                      pg_catalog.pg_get_userbyid(r.relowner),
                      pg_catalog.current_setting('block_size')::bigint * (r.relpages
                        + coalesce((SELECT pg_catalog.sum(x.relpages) FROM pg_catalog.pg_index AS i
                                      JOIN pg_catalog.pg_class AS x ON x.oid = i.indexrelid WHERE i.indrelid = r.oid), 0)
                        + coalesce((SELECT t.relpages FROM pg_catalog.pg_class AS t WHERE t.oid = r.reltoastrelid), 0)),
                      CASE WHEN r.reltuples >= 0 THEN r.reltuples::bigint END,
                      pg_catalog.pg_stat_get_tuples_returned(r.oid)
                        + coalesce((SELECT pg_catalog.sum(pg_catalog.pg_stat_get_tuples_fetched(i.indexrelid))
                                      FROM pg_catalog.pg_index AS i WHERE i.indrelid = r.oid), 0),
                      pg_catalog.pg_stat_get_tuples_inserted(r.oid) + pg_catalog.pg_stat_get_tuples_updated(r.oid)
                        + pg_catalog.pg_stat_get_tuples_deleted(r.oid),
                      coalesce(r.relacl, pg_catalog.acldefault('r', r.relowner))::text[]))
               FROM relation AS r),
  'parts', (SELECT pg_catalog.json_agg(pg_catalog.json_build_array(c.nspname, c.relname, p.nspname, p.relname))
              FROM pg_catalog.pg_inherits AS i
              JOIN relation AS c ON c.oid = i.inhrelid
              JOIN relation AS p ON p.oid = i.inhparent),
  'keys', (SELECT pg_catalog.json_agg(pg_catalog.json_build_array(k.conname, a.nspname, a.relname,
                    (SELECT pg_catalog.json_agg(c.attname ORDER BY u.place) FROM pg_catalog.unnest(k.conkey) WITH ORDINALITY AS u(number, place)
                       JOIN pg_catalog.pg_attribute AS c ON c.attrelid = k.conrelid AND c.attnum = u.number),
                    b.nspname, b.relname,
                    (SELECT pg_catalog.json_agg(c.attname ORDER BY u.place) FROM pg_catalog.unnest(k.confkey) WITH ORDINALITY AS u(number, place)
                       JOIN pg_catalog.pg_attribute AS c ON c.attrelid = k.confrelid AND c.attnum = u.number),
                    k.confdeltype = 'c' OR EXISTS (SELECT FROM pg_catalog.pg_index AS i WHERE i.indrelid = k.conrelid AND i.indisprimary
                                                      AND k.conkey <@ i.indkey::smallint[])))
             FROM pg_catalog.pg_constraint AS k
             JOIN relation AS a ON a.oid = k.conrelid
             JOIN relation AS b ON b.oid = k.confrelid
            WHERE k.contype = 'f' AND k.conparentid = 0),
  'needs', (SELECT pg_catalog.json_agg(pg_catalog.json_build_array(n.kind, n.space, n.name, n.to_space, n.to_name, n.called)) FROM need AS n),
  'routines', (SELECT pg_catalog.json_agg(pg_catalog.json_build_array(p.nspname, p.proname, p.lanname, pg_catalog.pg_get_userbyid(p.proowner),
                        -- a body in another language says nothing here, and a huge one is none that a person wrote
                        CASE WHEN p.lanname IN ('sql', 'plpgsql') AND NOT p.parsed AND pg_catalog.octet_length(p.prosrc) <= 262144
                             THEN p.prosrc ELSE '' END,
                        p.returns, p.prosecdef, p.proconfig,
                        (SELECT pg_catalog.json_agg(DISTINCT pg_catalog.json_build_array(r.nspname, r.relname)::text)
                           FROM pg_catalog.pg_trigger AS g JOIN relation AS r ON r.oid = g.tgrelid
                          WHERE g.tgfoid = p.oid AND NOT g.tgisinternal AND g.tgparentid = 0)))
                 FROM routine AS p))
