"""The query behind ``facts``. Its two places are the service's schemas and its roles."""

from __future__ import annotations

from typing import Final

FACTS: Final = """\
WITH mine AS MATERIALIZED (
  SELECT n.oid, n.nspname FROM pg_catalog.pg_namespace AS n WHERE n.nspname = ANY (ARRAY[{}]::name[])
), ours AS MATERIALIZED (
  SELECT o.oid, o.rolname FROM pg_catalog.pg_roles AS o WHERE o.rolname = ANY (ARRAY[{}]::name[])
), relation AS MATERIALIZED (
  SELECT c.*, m.nspname, pg_catalog.format('%I.%I', m.nspname, c.relname) AS shown
    FROM pg_catalog.pg_class AS c JOIN mine AS m ON m.oid = c.relnamespace
), part (catalog, object) AS MATERIALIZED (
  SELECT 'pg_catalog.pg_class'::regclass, r.oid FROM relation AS r
  UNION ALL SELECT 'pg_catalog.pg_proc'::regclass, p.oid FROM pg_catalog.pg_proc AS p
      WHERE p.pronamespace IN (SELECT oid FROM mine)
  UNION ALL SELECT 'pg_catalog.pg_type'::regclass, t.oid FROM pg_catalog.pg_type AS t
      WHERE t.typnamespace IN (SELECT oid FROM mine)
  UNION ALL SELECT 'pg_catalog.pg_constraint'::regclass, k.oid FROM pg_catalog.pg_constraint AS k
      WHERE k.connamespace IN (SELECT oid FROM mine)
  UNION ALL SELECT 'pg_catalog.pg_attrdef'::regclass, d.oid FROM pg_catalog.pg_attrdef AS d
      WHERE d.adrelid IN (SELECT oid FROM relation)
  UNION ALL SELECT 'pg_catalog.pg_trigger'::regclass, g.oid FROM pg_catalog.pg_trigger AS g
      WHERE g.tgrelid IN (SELECT oid FROM relation)
  UNION ALL SELECT 'pg_catalog.pg_rewrite'::regclass, w.oid FROM pg_catalog.pg_rewrite AS w
      WHERE w.ev_class IN (SELECT oid FROM relation)
  UNION ALL SELECT 'pg_catalog.pg_policy'::regclass, p.oid FROM pg_catalog.pg_policy AS p
      WHERE p.polrelid IN (SELECT oid FROM relation)
), routine AS MATERIALIZED (
  SELECT p.oid, n.nspname, pg_catalog.format('%I.%I(%s)', n.nspname, p.proname,
             pg_catalog.oidvectortypes(p.proargtypes)) AS shown, p.prosrc, n.oid IN (SELECT oid FROM mine) AS is_mine
    FROM pg_catalog.pg_proc AS p JOIN pg_catalog.pg_namespace AS n ON n.oid = p.pronamespace
   WHERE n.nspname NOT LIKE 'pg\\_%' AND n.nspname NOT IN ('information_schema', 'freehold')
     AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS x WHERE x.classid = 'pg_catalog.pg_proc'::regclass
         AND x.objid = p.oid AND x.deptype = 'e')
)
SELECT pg_catalog.json_build_object(
  'version', pg_catalog.current_setting('server_version_num')::integer,
  'user', current_user,
  'superuser', (SELECT o.rolsuper FROM pg_catalog.pg_roles AS o WHERE o.rolname = current_user),
  'settings', (SELECT pg_catalog.json_object_agg(s.name, s.setting) FROM pg_catalog.pg_settings AS s
      WHERE s.name IN ('wal_level', 'max_replication_slots', 'max_wal_senders', 'max_logical_replication_workers',
          'max_slot_wal_keep_size', 'max_active_replication_origins')),
  'used', pg_catalog.json_build_object(
      'slots', (SELECT pg_catalog.count(*) FROM pg_catalog.pg_replication_slots),
      'senders', (SELECT pg_catalog.count(*) FROM pg_catalog.pg_stat_activity AS a WHERE a.backend_type = 'walsender'),
      'workers', (SELECT pg_catalog.count(*) FROM pg_catalog.pg_subscription AS s WHERE s.subenabled),
      'origins', (SELECT pg_catalog.count(*) FROM pg_catalog.pg_replication_origin)),
  'encoding', pg_catalog.current_setting('server_encoding'),
  'locale', (SELECT pg_catalog.json_build_array(d.datlocprovider, d.datcollate, d.datctype,
        coalesce(pg_catalog.to_jsonb(d) ->> 'datlocale', pg_catalog.to_jsonb(d) ->> 'daticulocale'), d.datcollversion,
        pg_catalog.pg_database_collation_actual_version(d.oid))
      FROM pg_catalog.pg_database AS d WHERE d.datname = pg_catalog.current_database()),
  'extensions', (SELECT pg_catalog.json_agg(pg_catalog.json_build_array(e.extname, e.extversion, n.nspname))
      FROM pg_catalog.pg_extension AS e JOIN pg_catalog.pg_namespace AS n ON n.oid = e.extnamespace),
  'usable_extensions', (SELECT pg_catalog.json_agg(e.extname) FROM pg_catalog.pg_extension AS e
      WHERE EXISTS (SELECT FROM ours AS o WHERE pg_catalog.has_schema_privilege(o.oid, e.extnamespace, 'USAGE'))),
  -- words of SQL that are also names of functions say nothing
  'named_extensions', (SELECT pg_catalog.json_agg(DISTINCT e.extname) FROM routine AS f
      CROSS JOIN LATERAL pg_catalog.regexp_split_to_table(pg_catalog.lower(f.prosrc), '[^[:alnum:]_$]+') AS w (word)
      JOIN (SELECT p.proname AS name, 'pg_catalog.pg_proc'::regclass AS catalog, p.oid FROM pg_catalog.pg_proc AS p
          UNION ALL SELECT t.typname, 'pg_catalog.pg_type'::regclass, t.oid FROM pg_catalog.pg_type AS t) AS n
          ON n.name = w.word
      JOIN pg_catalog.pg_depend AS d ON d.classid = n.catalog AND d.objid = n.oid AND d.deptype = 'e'
          AND d.refclassid = 'pg_catalog.pg_extension'::regclass
      JOIN pg_catalog.pg_extension AS e ON e.oid = d.refobjid AND e.extname <> 'plpgsql'
      WHERE f.is_mine AND w.word NOT IN (SELECT k.word FROM pg_catalog.pg_get_keywords() AS k)),
  'available', (SELECT pg_catalog.json_agg(pg_catalog.json_build_array(e.name, e.default_version))
      FROM pg_catalog.pg_available_extensions AS e),
  'used_extensions', (SELECT pg_catalog.json_agg(DISTINCT e.extname) FROM part AS p
      JOIN pg_catalog.pg_depend AS d ON d.classid = p.catalog AND d.objid = p.object
      JOIN pg_catalog.pg_depend AS m ON m.classid = d.refclassid AND m.objid = d.refobjid AND m.deptype = 'e'
      JOIN pg_catalog.pg_extension AS e ON e.oid = m.refobjid),
  'tablespaces', (SELECT pg_catalog.json_agg(t.spcname) FROM pg_catalog.pg_tablespace AS t),
  'used_tablespaces', (SELECT pg_catalog.json_agg(pg_catalog.json_build_array(CASE WHEN r.relkind IN ('i', 'I')
          THEN 'INDEX' WHEN r.relkind = 'm' THEN 'MATERIALIZED VIEW' ELSE 'TABLE' END, r.shown, t.spcname)
          ORDER BY r.shown)
      FROM relation AS r JOIN pg_catalog.pg_tablespace AS t ON t.oid = r.reltablespace
      WHERE t.spcname <> 'pg_default' AND r.relkind <> 't'),
  'roles', (SELECT pg_catalog.json_agg(o.rolname) FROM pg_catalog.pg_roles AS o),
  'transactions', (SELECT pg_catalog.json_agg(pg_catalog.json_build_array(a.pid, a.datname, a.usename, a.state,
          (extract(epoch FROM pg_catalog.clock_timestamp() - a.xact_start) * 1000)::bigint,
          a.backend_xid IS NOT NULL) ORDER BY a.xact_start)
      FROM pg_catalog.pg_stat_activity AS a WHERE a.backend_type = 'client backend' AND a.xact_start IS NOT NULL
          AND a.pid <> pg_catalog.pg_backend_pid()),
  'prepared', (SELECT pg_catalog.json_agg(pg_catalog.json_build_array(x.gid, x.database, x.owner,
          (extract(epoch FROM pg_catalog.clock_timestamp() - x.prepared) * 1000)::bigint) ORDER BY x.gid)
      FROM pg_catalog.pg_prepared_xacts AS x),
  'vacuums', (SELECT pg_catalog.json_agg(pg_catalog.json_build_array(r.shown,
          a.backend_type = 'autovacuum worker', a.query LIKE '%(to prevent wraparound)%'))
      FROM pg_catalog.pg_stat_activity AS a JOIN pg_catalog.pg_locks AS l ON l.pid = a.pid
      JOIN relation AS r ON r.oid = l.relation
      WHERE l.database = (SELECT d.oid FROM pg_catalog.pg_database AS d
              WHERE d.datname = pg_catalog.current_database())
        AND l.mode = 'ShareUpdateExclusiveLock' AND r.relkind IN ('r', 'm') AND a.query ~* '^(autovacuum: )?vacuum'),
  'event_triggers', (SELECT pg_catalog.json_agg(e.evtname ORDER BY e.evtname) FROM pg_catalog.pg_event_trigger AS e
      WHERE e.evtenabled <> 'D' AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS x
          WHERE x.classid = 'pg_catalog.pg_event_trigger'::regclass AND x.objid = e.oid AND x.deptype = 'e')),
  'publications', (SELECT pg_catalog.json_agg(pg_catalog.json_build_array(p.pubname, p.puballtables)
          ORDER BY p.pubname)
      FROM pg_catalog.pg_publication AS p WHERE NOT pg_catalog.starts_with(p.pubname, 'freehold_mv_')
        AND (p.puballtables
          OR EXISTS (SELECT FROM pg_catalog.pg_publication_rel AS l JOIN relation AS r ON r.oid = l.prrelid
              WHERE l.prpubid = p.oid)
          OR EXISTS (SELECT FROM pg_catalog.pg_publication_namespace AS l JOIN mine AS m ON m.oid = l.pnnspid
              WHERE l.pnpubid = p.oid))),
  'subscriptions', (SELECT pg_catalog.json_agg(pg_catalog.json_build_array(s.subname, r.shown) ORDER BY s.subname)
      FROM pg_catalog.pg_subscription AS s JOIN pg_catalog.pg_subscription_rel AS l ON l.srsubid = s.oid
      JOIN relation AS r ON r.oid = l.srrelid WHERE NOT pg_catalog.starts_with(s.subname, 'freehold_mv_')),
  'clients', (SELECT pg_catalog.json_agg(pg_catalog.json_build_array(a.pid, a.usename, a.application_name,
          coalesce(a.client_addr::text, 'a local socket')) ORDER BY a.pid)
      FROM pg_catalog.pg_stat_activity AS a JOIN ours AS o ON o.oid = a.usesysid
      WHERE a.datname = pg_catalog.current_database() AND a.backend_type = 'client backend'),
  'last_values', (SELECT pg_catalog.json_agg(pg_catalog.json_build_array(s.schemaname, s.sequencename, s.last_value))
      FROM pg_catalog.pg_sequences AS s WHERE s.last_value IS NOT NULL AND s.schemaname IN (SELECT nspname FROM mine)),
  'policy_roles', (SELECT pg_catalog.json_agg(DISTINCT pg_catalog.jsonb_build_array(
          pg_catalog.format('%I ON %s', p.polname, r.shown), o.rolname))
      FROM pg_catalog.pg_policy AS p JOIN relation AS r ON r.oid = p.polrelid
      JOIN pg_catalog.pg_roles AS o ON o.oid = ANY (p.polroles)),
  'large_objects', (SELECT pg_catalog.json_agg(x.oid::bigint ORDER BY x.oid) FROM (SELECT l.oid
          FROM pg_catalog.pg_largeobject_metadata AS l WHERE l.lomowner IN (SELECT oid FROM ours)
          ORDER BY l.oid LIMIT 100) AS x),
  'no_equality', (SELECT pg_catalog.json_agg(pg_catalog.json_build_array(r.shown, a.attname,
          pg_catalog.format_type(a.atttypid, a.atttypmod)) ORDER BY r.shown, a.attnum)
      FROM relation AS r JOIN pg_catalog.pg_attribute AS a ON a.attrelid = r.oid AND a.attnum > 0
          AND NOT a.attisdropped
      CROSS JOIN LATERAL (WITH RECURSIVE down AS (
          SELECT t.oid, t.typtype, t.typbasetype FROM pg_catalog.pg_type AS t WHERE t.oid = a.atttypid UNION ALL
          SELECT d.oid, d.typtype, d.typbasetype FROM down JOIN pg_catalog.pg_type AS d ON d.oid = down.typbasetype
              WHERE down.typtype = 'd')
          SELECT down.oid FROM down WHERE down.typtype <> 'd') AS u
      JOIN pg_catalog.pg_type AS v ON v.oid = u.oid
      JOIN pg_catalog.pg_type AS e ON e.oid = CASE WHEN v.typcategory = 'A' AND v.typelem <> 0 THEN v.typelem
          ELSE v.oid END
      CROSS JOIN LATERAL (WITH RECURSIVE down AS (
          SELECT e.oid, e.typtype, e.typbasetype UNION ALL
          SELECT d.oid, d.typtype, d.typbasetype FROM down JOIN pg_catalog.pg_type AS d ON d.oid = down.typbasetype
              WHERE down.typtype = 'd')
          SELECT down.oid, down.typtype FROM down WHERE down.typtype <> 'd') AS b
      WHERE r.relkind = 'r' AND NOT EXISTS (SELECT FROM pg_catalog.pg_index AS i WHERE i.indrelid = r.oid
              AND (i.indisprimary OR (i.indisreplident AND r.relreplident = 'i')))
        AND b.typtype = 'b' AND NOT EXISTS (SELECT FROM pg_catalog.pg_opclass AS c
            JOIN pg_catalog.pg_am AS m ON m.oid = c.opcmethod AND m.amname IN ('btree', 'hash')
            WHERE c.opcdefault AND (c.opcintype = b.oid OR EXISTS (SELECT FROM pg_catalog.pg_cast AS k
                WHERE k.castsource = b.oid AND k.casttarget = c.opcintype AND k.castmethod = 'b'
                  AND k.castcontext = 'i')))),
  'inherited', (SELECT pg_catalog.json_agg(pg_catalog.json_build_array(i.inhrelid::regclass::text,
          i.inhparent::regclass::text) ORDER BY i.inhrelid::regclass::text)
      FROM pg_catalog.pg_inherits AS i JOIN pg_catalog.pg_class AS c ON c.oid = i.inhrelid
      WHERE c.relkind = 'r' AND NOT c.relispartition AND (i.inhrelid IN (SELECT oid FROM relation)
          OR i.inhparent IN (SELECT oid FROM relation))),
  'casts', (SELECT pg_catalog.json_agg(pg_catalog.json_build_array(pg_catalog.format_type(k.castsource, NULL),
          pg_catalog.format_type(k.casttarget, NULL)) ORDER BY k.oid)
      FROM pg_catalog.pg_cast AS k WHERE (k.castsource IN (SELECT p.object FROM part AS p
              WHERE p.catalog = 'pg_catalog.pg_type'::regclass) OR k.casttarget IN (SELECT p.object FROM part AS p
              WHERE p.catalog = 'pg_catalog.pg_type'::regclass))
        AND EXISTS (SELECT FROM pg_catalog.pg_depend AS x WHERE x.classid = 'pg_catalog.pg_cast'::regclass
            AND x.objid = k.oid AND x.deptype = 'n')),
  'labels', (SELECT pg_catalog.json_agg(DISTINCT l.provider) FROM pg_catalog.pg_seclabel AS l
      JOIN part AS p ON p.catalog = l.classoid AND p.object = l.objoid),
  'contents', (SELECT pg_catalog.json_agg(pg_catalog.json_build_array(x.kind, x.shown)) FROM (
      SELECT CASE r.relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW' WHEN 'S' THEN 'SEQUENCE'
              WHEN 'f' THEN 'FOREIGN TABLE' ELSE 'TABLE' END AS kind, r.shown
        FROM relation AS r WHERE r.relkind IN ('r', 'p', 'v', 'm', 'f')
            OR (r.relkind = 'S' AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS d WHERE d.objid = r.oid
                AND d.classid = 'pg_catalog.pg_class'::regclass AND d.deptype IN ('a', 'i')
                AND d.refclassid = 'pg_catalog.pg_class'::regclass))
      UNION ALL SELECT 'ROUTINE', f.shown FROM routine AS f WHERE f.is_mine
      UNION ALL SELECT 'TYPE', pg_catalog.format('%I.%I', m.nspname, t.typname) FROM pg_catalog.pg_type AS t
          JOIN mine AS m ON m.oid = t.typnamespace LEFT JOIN relation AS r ON r.oid = t.typrelid
          WHERE t.typtype IN ('c', 'd', 'e', 'r') AND (t.typrelid = 0 OR r.relkind = 'c')
      ORDER BY 2, 1 LIMIT 100) AS x),
  'settings_there', (SELECT pg_catalog.json_agg(s.name) FROM pg_catalog.pg_settings AS s),
  'routine_settings', (SELECT pg_catalog.json_agg(DISTINCT pg_catalog.jsonb_build_array(f.shown,
          pg_catalog.split_part(o, '=', 1)))
      FROM routine AS f JOIN pg_catalog.pg_proc AS p ON p.oid = f.oid
      CROSS JOIN LATERAL pg_catalog.unnest(p.proconfig) AS o WHERE f.is_mine),
  'given_settings', (SELECT pg_catalog.json_agg(pg_catalog.json_build_array(coalesce(o.rolname, ''), s.setdatabase <> 0,
          s.setconfig)) FROM pg_catalog.pg_db_role_setting AS s LEFT JOIN ours AS o ON o.oid = s.setrole
      WHERE s.setdatabase IN (0, (SELECT d.oid FROM pg_catalog.pg_database AS d
              WHERE d.datname = pg_catalog.current_database())) AND (s.setrole = 0 OR o.oid IS NOT NULL)),
  'comment', (SELECT pg_catalog.shobj_description(d.oid, 'pg_database') FROM pg_catalog.pg_database AS d
      WHERE d.datname = pg_catalog.current_database()),
  -- who is no superuser and has a right of its own in the service's schemas
  'grantees', (SELECT pg_catalog.json_agg(DISTINCT o.rolname) FROM (
          SELECT x.grantee FROM relation AS r CROSS JOIN LATERAL pg_catalog.aclexplode(r.relacl) AS x
          UNION SELECT x.grantee FROM relation AS r JOIN pg_catalog.pg_attribute AS a ON a.attrelid = r.oid
              CROSS JOIN LATERAL pg_catalog.aclexplode(a.attacl) AS x
          UNION SELECT x.grantee FROM pg_catalog.pg_proc AS p CROSS JOIN LATERAL pg_catalog.aclexplode(p.proacl) AS x
              WHERE p.pronamespace IN (SELECT oid FROM mine)
          UNION SELECT x.grantee FROM pg_catalog.pg_namespace AS n JOIN mine AS m ON m.oid = n.oid
              CROSS JOIN LATERAL pg_catalog.aclexplode(n.nspacl) AS x) AS x (grantee)
      JOIN pg_catalog.pg_roles AS o ON o.oid = x.grantee AND NOT o.rolsuper),
  'access', (SELECT pg_catalog.json_agg(pg_catalog.json_build_array(o.rolname, p.name)) FROM pg_catalog.pg_roles AS o
      CROSS JOIN (VALUES ('CONNECT'), ('TEMPORARY'), ('CREATE')) AS p (name)
      WHERE NOT o.rolsuper AND NOT pg_catalog.starts_with(o.rolname, 'pg_')
        AND pg_catalog.has_database_privilege(o.oid, pg_catalog.current_database(), p.name)),
  'foreign_servers', (SELECT pg_catalog.json_agg(pg_catalog.json_build_array(s.srvname, w.fdwname) ORDER BY s.srvname)
      FROM pg_catalog.pg_foreign_server AS s JOIN pg_catalog.pg_foreign_data_wrapper AS w ON w.oid = s.srvfdw
      WHERE EXISTS (SELECT FROM ours AS o WHERE pg_catalog.has_server_privilege(o.oid, s.oid, 'USAGE'))),
  -- who is a member of whom, where one of them is of the service
  'memberships', (SELECT pg_catalog.json_agg(DISTINCT pg_catalog.jsonb_build_array(g.rolname, m.rolname))
      FROM pg_catalog.pg_auth_members AS a JOIN pg_catalog.pg_roles AS g ON g.oid = a.roleid
      JOIN pg_catalog.pg_roles AS m ON m.oid = a.member AND NOT m.rolsuper
      WHERE a.roleid IN (SELECT oid FROM ours) OR a.member IN (SELECT oid FROM ours)),
  'parameters', (SELECT pg_catalog.json_agg(pg_catalog.json_build_array(o.rolname, p.parname, x.privilege_type)
          ORDER BY p.parname, o.rolname)
      FROM pg_catalog.pg_parameter_acl AS p CROSS JOIN LATERAL pg_catalog.aclexplode(p.paracl) AS x
      JOIN ours AS o ON o.oid = x.grantee),
  'logical_slots', (SELECT pg_catalog.json_agg(pg_catalog.json_build_array(s.slot_name, s.plugin, s.active)
          ORDER BY s.slot_name) FROM pg_catalog.pg_replication_slots AS s
      WHERE s.slot_type = 'logical' AND s.database = pg_catalog.current_database()
        AND NOT pg_catalog.starts_with(s.slot_name, 'freehold_')),
  'key_triggers', (SELECT pg_catalog.json_agg(pg_catalog.json_build_array(pg_catalog.format('%I ON %s', k.conname,
          k.conrelid::regclass), g.tgrelid::regclass::text, g.tgname, g.tgenabled) ORDER BY g.tgrelid, g.tgname)
      FROM pg_catalog.pg_trigger AS g JOIN pg_catalog.pg_constraint AS k ON k.oid = g.tgconstraint
      WHERE g.tgisinternal AND g.tgenabled <> 'O'
        AND (k.conrelid IN (SELECT oid FROM relation) OR k.confrelid IN (SELECT oid FROM relation))),
  -- a partitioned index that lacks a partition is not valid either, and is moved as it is
  'invalid_indexes', (SELECT pg_catalog.json_agg(pg_catalog.json_build_array(r.shown, i.indrelid::regclass::text,
          EXISTS (SELECT FROM pg_catalog.pg_stat_progress_create_index AS b WHERE b.index_relid = r.oid
              OR (b.relid = i.indrelid AND b.index_relid = 0))) ORDER BY r.shown)
      FROM relation AS r JOIN pg_catalog.pg_index AS i ON i.indexrelid = r.oid
      WHERE r.relkind = 'i' AND NOT (i.indisvalid AND i.indisready AND i.indislive)),
  'bytes', (SELECT coalesce(pg_catalog.sum(pg_catalog.pg_total_relation_size(r.oid)), 0) FROM relation AS r
      WHERE r.relkind IN ('r', 'm'))
)::text"""
