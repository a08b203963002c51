SELECT pg_catalog.json_agg(pg_catalog.json_build_array(
         h.type, h.database, h.user_name, h.address, h.netmask, h.auth_method, h.error) ORDER BY h.line_number)
  FROM pg_catalog.pg_hba_file_rules AS h
