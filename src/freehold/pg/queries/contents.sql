-- everything inside one database, as one value; ACLs as PostgreSQL writes aclitems, NULL replaced by the default
WITH space AS MATERIALIZED (
  SELECT n.oid, n.nspname, n.nspowner, n.nspacl
    FROM pg_catalog.pg_namespace AS n
   WHERE NOT pg_catalog.starts_with(n.nspname::text, 'pg_') AND n.nspname NOT IN ('information_schema', 'freehold')
), part AS MATERIALIZED (
  SELECT d.classid, d.objid, e.extname
    FROM pg_catalog.pg_depend AS d
    JOIN pg_catalog.pg_extension AS e ON e.oid = d.refobjid
   WHERE d.refclassid = 'pg_catalog.pg_extension'::regclass AND d.deptype = 'e'
), relation AS MATERIALIZED (
  SELECT c.oid, c.relkind, s.nspname, c.relname, c.relowner, c.relacl, c.relreplident, c.relpersistence, c.relispartition, c.relrowsecurity,
         CASE WHEN c.relkind = 'p' THEN (
           SELECT pg_catalog.json_build_array(CASE p.partstrat WHEN 'r' THEN 'RANGE' WHEN 'l' THEN 'LIST' ELSE 'HASH' END,
                    (SELECT pg_catalog.json_agg(coalesce(a.attname, '') ORDER BY k.place)
                       FROM pg_catalog.unnest(p.partattrs::smallint[]) WITH ORDINALITY AS k(number, place)
                       LEFT JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid AND a.attnum = k.number))
             FROM pg_catalog.pg_partitioned_table AS p WHERE p.partrelid = c.oid) END AS cut,
         CASE WHEN c.relispartition THEN (
           SELECT pg_catalog.json_build_array(n.nspname, t.relname, d.partdefid IS NOT NULL)
             FROM pg_catalog.pg_inherits AS i
             JOIN pg_catalog.pg_class AS t ON t.oid = i.inhparent
             JOIN pg_catalog.pg_namespace AS n ON n.oid = t.relnamespace
             LEFT JOIN pg_catalog.pg_partitioned_table AS d ON d.partrelid = t.oid AND d.partdefid = c.oid
            WHERE i.inhrelid = c.oid) END AS part_of
    FROM pg_catalog.pg_class AS c
    JOIN space AS s ON s.oid = c.relnamespace
   WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f')
), columns AS MATERIALIZED (
  SELECT a.attrelid, pg_catalog.json_agg(a.attname ORDER BY a.attnum) AS names,
         -- a type of PostgreSQL's own is its text; another is (text, schema, name, is it an array, collation, expression)
         pg_catalog.json_agg(CASE WHEN e.typnamespace = 'pg_catalog'::regnamespace AND a.attgenerated = '' AND a.attcollation = t.typcollation
           THEN pg_catalog.to_json(pg_catalog.format_type(a.atttypid, a.atttypmod))
           ELSE pg_catalog.json_build_array(pg_catalog.format_type(a.atttypid, a.atttypmod),
                  (SELECT n.nspname FROM pg_catalog.pg_namespace AS n WHERE n.oid = e.typnamespace), e.typname, t.oid <> e.oid,
                  (SELECT o.collname FROM pg_catalog.pg_collation AS o WHERE o.oid = a.attcollation AND a.attcollation <> t.typcollation
                      AND o.collnamespace = 'pg_catalog'::regnamespace),
                  (SELECT pg_catalog.pg_get_expr(g.adbin, g.adrelid) FROM pg_catalog.pg_attrdef AS g
                    WHERE g.adrelid = a.attrelid AND g.adnum = a.attnum AND a.attgenerated <> ''))
           END ORDER BY a.attnum) AS types,
         pg_catalog.json_agg(pg_catalog.json_build_array(a.attname, a.attacl::text[])) FILTER (WHERE a.attacl IS NOT NULL) AS acls
    FROM pg_catalog.pg_attribute AS a
    JOIN pg_catalog.pg_type AS t ON t.oid = a.atttypid
    JOIN pg_catalog.pg_type AS e ON e.oid = CASE WHEN t.typtype = 'b' AND t.typcategory = 'A' AND t.typelem <> 0 THEN t.typelem ELSE t.oid END
   WHERE a.attrelid IN (SELECT r.oid FROM relation AS r WHERE r.relkind <> 'S') AND a.attnum > 0 AND NOT a.attisdropped
   GROUP BY a.attrelid
), identity AS MATERIALIZED (
  SELECT DISTINCT ON (i.indrelid) i.indrelid,
         (SELECT pg_catalog.json_agg(a.attname ORDER BY k.place) FROM pg_catalog.unnest(i.indkey) WITH ORDINALITY AS k(attnum, place)
            JOIN pg_catalog.pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = k.attnum WHERE k.place <= i.indnkeyatts) AS columns
    FROM pg_catalog.pg_index AS i
   WHERE i.indisprimary OR i.indisreplident
   ORDER BY i.indrelid, i.indisreplident DESC
), routine AS (
  SELECT CASE p.prokind WHEN 'p' THEN 'PROCEDURE' WHEN 'a' THEN 'AGGREGATE' ELSE 'FUNCTION' END AS kind,
         s.nspname, p.proname, p.proowner, coalesce(p.proacl, pg_catalog.acldefault('f', p.proowner))::text[] AS acl,
         pg_catalog.pg_get_function_identity_arguments(p.oid) AS arguments, p.prosecdef, p.proconfig, x.extname
    FROM pg_catalog.pg_proc AS p
    JOIN space AS s ON s.oid = p.pronamespace
    LEFT JOIN part AS x ON x.classid = 'pg_catalog.pg_proc'::regclass AND x.objid = p.oid
), plain AS (
  SELECT CASE t.typtype WHEN 'd' THEN 'DOMAIN' ELSE 'TYPE' END AS kind, s.nspname::text AS space, t.typname::text AS name,
         t.typowner AS owner, coalesce(t.typacl, pg_catalog.acldefault('T', t.typowner))::text[] AS acl, x.extname
    FROM pg_catalog.pg_type AS t
    JOIN space AS s ON s.oid = t.typnamespace
    LEFT JOIN pg_catalog.pg_class AS c ON c.oid = t.typrelid
    LEFT JOIN part AS x ON x.classid = 'pg_catalog.pg_type'::regclass AND x.objid = t.oid
   WHERE t.typtype IN ('b', 'c', 'd', 'e', 'r') AND (t.typrelid = 0 OR c.relkind = 'c')
     AND NOT EXISTS (SELECT FROM pg_catalog.pg_type AS of WHERE of.typarray = t.oid)
  UNION ALL
  SELECT 'FOREIGN SERVER', '', f.srvname, f.srvowner, coalesce(f.srvacl, pg_catalog.acldefault('S', f.srvowner))::text[], x.extname
    FROM pg_catalog.pg_foreign_server AS f
    LEFT JOIN part AS x ON x.classid = 'pg_catalog.pg_foreign_server'::regclass AND x.objid = f.oid
  UNION ALL
  SELECT 'FOREIGN DATA WRAPPER', '', f.fdwname, f.fdwowner, coalesce(f.fdwacl, pg_catalog.acldefault('F', f.fdwowner))::text[], x.extname
    FROM pg_catalog.pg_foreign_data_wrapper AS f
    LEFT JOIN part AS x ON x.classid = 'pg_catalog.pg_foreign_data_wrapper'::regclass AND x.objid = f.oid
  UNION ALL
  SELECT 'LANGUAGE', '', l.lanname, l.lanowner, coalesce(l.lanacl, pg_catalog.acldefault('l', l.lanowner))::text[], x.extname
    FROM pg_catalog.pg_language AS l
    LEFT JOIN part AS x ON x.classid = 'pg_catalog.pg_language'::regclass AND x.objid = l.oid
   WHERE l.lanispl OR l.lanacl IS NOT NULL
  UNION ALL
  -- there may be millions: those that somebody was given a right on, and a thousand others
  (SELECT 'LARGE OBJECT', '', l.oid::text, l.lomowner, coalesce(l.lomacl, pg_catalog.acldefault('L', l.lomowner))::text[], NULL
     FROM pg_catalog.pg_largeobject_metadata AS l
    ORDER BY l.lomacl IS NULL, l.oid
    LIMIT (SELECT 1000 + pg_catalog.count(g.lomacl) FROM pg_catalog.pg_largeobject_metadata AS g))
)
SELECT pg_catalog.json_build_object(
  'schemas', (SELECT pg_catalog.json_agg(pg_catalog.json_build_array(s.nspname, pg_catalog.pg_get_userbyid(s.nspowner),
                       coalesce(s.nspacl, pg_catalog.acldefault('n', s.nspowner))::text[])) FROM space AS s),
  'extensions', (SELECT pg_catalog.json_agg(pg_catalog.json_build_array(e.extname, e.extversion)) FROM pg_catalog.pg_extension AS e),
  'defaults', (SELECT pg_catalog.json_agg(pg_catalog.json_build_array(pg_catalog.pg_get_userbyid(d.defaclrole), coalesce(n.nspname, ''),
                        d.defaclobjtype, d.defaclacl::text[]))
                 FROM pg_catalog.pg_default_acl AS d LEFT JOIN pg_catalog.pg_namespace AS n ON n.oid = d.defaclnamespace),
  'relations', (SELECT pg_catalog.json_agg(pg_catalog.json_build_array(r.relkind, r.nspname, r.relname, pg_catalog.pg_get_userbyid(r.relowner),
                         coalesce(r.relacl, pg_catalog.acldefault(CASE r.relkind WHEN 'S' THEN 's' ELSE 'r' END::"char", r.relowner))::text[],
                         c.names, c.acls, x.extname, r.cut, r.part_of))
                  FROM relation AS r
                  LEFT JOIN columns AS c ON c.attrelid = r.oid
                  LEFT JOIN part AS x ON x.classid = 'pg_catalog.pg_class'::regclass AND x.objid = r.oid),
  'shapes', (SELECT pg_catalog.json_agg(pg_catalog.json_build_array(r.nspname, r.relname, c.names, c.types, i.columns, r.relreplident, r.relpersistence, r.relrowsecurity))
               FROM relation AS r
               JOIN columns AS c ON c.attrelid = r.oid
               LEFT JOIN identity AS i ON i.indrelid = r.oid
               LEFT JOIN part AS x ON x.classid = 'pg_catalog.pg_class'::regclass AND x.objid = r.oid
              WHERE x.objid IS NULL AND NOT r.relispartition),
  'types', (SELECT pg_catalog.json_agg(pg_catalog.json_build_array(s.nspname, t.typname, t.typtype,
                     (SELECT pg_catalog.json_agg(l.enumlabel ORDER BY l.enumsortorder) FROM pg_catalog.pg_enum AS l WHERE l.enumtypid = t.oid),
                     CASE WHEN b.typnamespace = 'pg_catalog'::regnamespace THEN pg_catalog.format_type(t.typbasetype, t.typtypmod) END, x.extname))
              FROM pg_catalog.pg_type AS t
              JOIN space AS s ON s.oid = t.typnamespace
              LEFT JOIN pg_catalog.pg_type AS b ON b.oid = t.typbasetype
              LEFT JOIN pg_catalog.pg_class AS c ON c.oid = t.typrelid
              LEFT JOIN part AS x ON x.classid = 'pg_catalog.pg_type'::regclass AND x.objid = t.oid
             WHERE NOT (t.typtype = 'b' AND t.typcategory = 'A') AND (t.typrelid = 0 OR c.relkind = 'c')),
  'servers', (SELECT pg_catalog.json_agg(pg_catalog.json_build_array(f.srvname, w.fdwname, f.srvoptions,
                       (SELECT pg_catalog.json_agg(pg_catalog.json_build_array(m.usename,
                                 (SELECT pg_catalog.json_agg(o) FROM pg_catalog.unnest(m.umoptions) AS o WHERE NOT pg_catalog.starts_with(o, 'password=')),
                                 (SELECT pg_catalog.encode(pg_catalog.sha256(pg_catalog.convert_to(pg_catalog.substr(o, 10), 'UTF8')), 'hex')
                                    FROM pg_catalog.unnest(m.umoptions) AS o WHERE pg_catalog.starts_with(o, 'password='))))
                          FROM pg_catalog.pg_user_mappings AS m WHERE m.srvid = f.oid)))
                FROM pg_catalog.pg_foreign_server AS f
                JOIN pg_catalog.pg_foreign_data_wrapper AS w ON w.oid = f.srvfdw),
  'foreign', (SELECT pg_catalog.json_agg(pg_catalog.json_build_array(r.nspname, r.relname, f.srvname, t.ftoptions))
                FROM pg_catalog.pg_foreign_table AS t
                JOIN relation AS r ON r.oid = t.ftrelid
                JOIN pg_catalog.pg_foreign_server AS f ON f.oid = t.ftserver),
  'routines', (SELECT pg_catalog.json_agg(pg_catalog.json_build_array(f.kind, f.nspname, f.proname, pg_catalog.pg_get_userbyid(f.proowner), f.acl,
                        f.arguments, f.prosecdef, f.proconfig, f.extname)) FROM routine AS f),
  'plain', (SELECT pg_catalog.json_agg(pg_catalog.json_build_array(p.kind, p.space, p.name, pg_catalog.pg_get_userbyid(p.owner), p.acl, p.extname))
              FROM plain AS p),
  'foreign_keys', (SELECT pg_catalog.json_agg(DISTINCT pg_catalog.json_build_array(a.nspname || '.' || c.relname, b.nspname || '.' || d.relname)::text)
                     FROM pg_catalog.pg_constraint AS k
                     JOIN pg_catalog.pg_class AS c ON c.oid = k.conrelid JOIN pg_catalog.pg_namespace AS a ON a.oid = c.relnamespace
                     JOIN pg_catalog.pg_class AS d ON d.oid = k.confrelid JOIN pg_catalog.pg_namespace AS b ON b.oid = d.relnamespace
                    WHERE k.contype = 'f' AND k.conparentid = 0 AND a.oid <> b.oid),
  'publications', (SELECT pg_catalog.json_agg(pg_catalog.json_build_array(p.pubname, p.puballtables, p.pubviaroot,
                            pg_catalog.concat_ws(',', CASE WHEN p.pubinsert THEN 'insert' END, CASE WHEN p.pubupdate THEN 'update' END,
                              CASE WHEN p.pubdelete THEN 'delete' END, CASE WHEN p.pubtruncate THEN 'truncate' END),
                            (SELECT pg_catalog.json_agg(pg_catalog.json_build_array(n.nspname, c.relname)) FROM pg_catalog.pg_publication_rel AS l
                               JOIN pg_catalog.pg_class AS c ON c.oid = l.prrelid JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
                              WHERE l.prpubid = p.oid)))
                     FROM pg_catalog.pg_publication AS p),
  'subscriptions', (SELECT pg_catalog.json_agg(pg_catalog.json_build_array(s.subname, s.subenabled, coalesce(s.subslotname, ''), s.subpublications,
                             (SELECT pg_catalog.json_agg(pg_catalog.json_build_array(n.nspname, c.relname, l.srsubstate)) FROM pg_catalog.pg_subscription_rel AS l
                                JOIN pg_catalog.pg_class AS c ON c.oid = l.srrelid JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
                               WHERE l.srsubid = s.oid)))
                      FROM pg_catalog.pg_subscription AS s
                     WHERE s.subdbid = (SELECT d.oid FROM pg_catalog.pg_database AS d WHERE d.datname = pg_catalog.current_database())),
  'control', EXISTS (SELECT FROM pg_catalog.pg_namespace AS n WHERE n.nspname = 'freehold'),
  'pool_lookup', (SELECT coalesce(p.proacl, pg_catalog.acldefault('f', p.proowner))::text[]
                    FROM pg_catalog.pg_proc AS p JOIN pg_catalog.pg_namespace AS n ON n.oid = p.pronamespace
                   WHERE n.nspname = 'freehold' AND p.proname = 'pool_login' AND pg_catalog.pg_get_function_identity_arguments(p.oid) = 'login text'),
  'ledger', EXISTS (SELECT FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
                     WHERE n.nspname = 'freehold' AND c.relname = 'migration' AND c.relkind = 'r'
                       AND pg_catalog.has_schema_privilege(n.oid, 'USAGE') AND pg_catalog.has_table_privilege(c.oid, 'SELECT')))
