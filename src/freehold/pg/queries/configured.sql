-- what ALTER SYSTEM wrote; the last line of a name wins
SELECT pg_catalog.json_agg(pg_catalog.json_build_array(f.name, f.setting) ORDER BY f.seqno)
  FROM pg_catalog.pg_file_settings AS f
 WHERE f.sourcefile LIKE '%postgresql.auto.conf' AND f.name IS NOT NULL
