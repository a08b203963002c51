SELECT pg_catalog.json_agg(pg_catalog.json_build_array(s.slot_name, coalesce(s.database, ''), coalesce(s.plugin, ''),
         coalesce(s.wal_status, '') = 'lost') ORDER BY s.slot_name)
  FROM pg_catalog.pg_replication_slots AS s WHERE NOT s.temporary
