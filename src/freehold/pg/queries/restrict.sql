-- a view or foreign table planted by a database's owner must not run in Freehold's session (CVE-2024-7348)
SELECT pg_catalog.set_config(s.name, 'view, foreign-table', false) FROM pg_catalog.pg_settings AS s
 WHERE s.name = 'restrict_nonsystem_relation_kind'
