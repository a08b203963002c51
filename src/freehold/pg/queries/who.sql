SELECT pg_catalog.json_build_array(session_user, pg_catalog.current_database())
