SELECT pg_catalog.json_agg(e.name) FROM pg_catalog.pg_available_extensions() AS e
