SELECT pg_catalog.json_agg(pg_catalog.json_build_array(
         coalesce(r.application_name, ''), coalesce(r.usename, ''), coalesce(r.state, ''), coalesce(r.sync_state, '')))
  FROM pg_catalog.pg_stat_replication AS r
