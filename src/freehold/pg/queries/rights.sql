-- what this login may look at besides what everybody may
SELECT pg_catalog.json_build_array(
         pg_catalog.has_table_privilege('pg_catalog.pg_authid', 'SELECT'),
         pg_catalog.has_table_privilege('pg_catalog.pg_hba_file_rules', 'SELECT')
           AND pg_catalog.has_function_privilege('pg_catalog.pg_hba_file_rules()', 'EXECUTE'),
         pg_catalog.has_table_privilege('pg_catalog.pg_file_settings', 'SELECT')
           AND pg_catalog.has_function_privilege('pg_catalog.pg_show_all_file_settings()', 'EXECUTE'))
