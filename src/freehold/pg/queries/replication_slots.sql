SELECT pg_catalog.json_agg(s.slot_name) FROM pg_catalog.pg_replication_slots AS s
