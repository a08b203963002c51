-- what this login may look at, so that what it cannot see can be named
SELECT pg_catalog.json_build_array(
         pg_catalog.pg_has_role('pg_read_all_stats', 'USAGE'),
         pg_catalog.pg_has_role('pg_read_all_settings', 'USAGE'),
         pg_catalog.has_table_privilege('pg_catalog.pg_hba_file_rules', 'SELECT')
           AND pg_catalog.has_function_privilege('pg_catalog.pg_hba_file_rules()', 'EXECUTE'),
         pg_catalog.pg_is_in_recovery(),
         pg_catalog.current_setting('track_activities') = 'on')
