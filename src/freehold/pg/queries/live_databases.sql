-- sizes need the right to connect or pg_read_all_stats; asked first, so that one refusal does not end the statement
SELECT pg_catalog.json_agg(pg_catalog.json_build_array(
         d.datname,
         CASE WHEN d.datallowconn AND (pg_catalog.has_database_privilege(d.oid, 'CONNECT')
                   OR pg_catalog.pg_has_role('pg_read_all_stats', 'USAGE')) THEN pg_catalog.pg_database_size(d.oid) END,
         pg_catalog.pg_stat_get_db_numbackends(d.oid),
         pg_catalog.pg_stat_get_db_xact_commit(d.oid),
         pg_catalog.has_database_privilege(d.oid, 'CONNECT'))
       ORDER BY d.datname)
  FROM pg_catalog.pg_database AS d
