-- what the server runs with; what this session brought along itself is left out
SELECT pg_catalog.json_agg(pg_catalog.json_build_array(
         s.name, pg_catalog.current_setting(s.name, true), s.context, s.source, s.pending_restart))
  FROM pg_catalog.pg_settings AS s
 WHERE s.source NOT IN ('client', 'session', 'interactive')
   AND s.name NOT IN ('transaction_isolation', 'transaction_read_only', 'transaction_deferrable')
