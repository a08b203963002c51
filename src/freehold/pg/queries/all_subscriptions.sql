SELECT pg_catalog.json_agg(pg_catalog.json_build_array(d.datname, s.subname))
  FROM pg_catalog.pg_subscription AS s JOIN pg_catalog.pg_database AS d ON d.oid = s.subdbid
