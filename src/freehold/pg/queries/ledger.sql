SELECT pg_catalog.json_agg(pg_catalog.json_build_array(m.service, m.name, m.sha256)) FROM freehold.migration AS m
