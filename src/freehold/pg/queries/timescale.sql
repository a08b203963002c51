-- TimescaleDB in one database, as one value; asked only where the extension is installed. Its views are not asked, since
-- this session reads no view, and of its catalog only columns that have stayed the same from version to version
WITH made AS MATERIALIZED (
  SELECT h.id, h.schema_name, h.table_name, (pg_catalog.to_jsonb(h) ->> 'compressed_hypertable_id')::integer AS packed,
         (SELECT c.oid FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
           WHERE n.nspname = h.schema_name AND c.relname = h.table_name) AS relid
    FROM _timescaledb_catalog.hypertable AS h
), rolled AS MATERIALIZED (
  SELECT a.*, b.schema_name, b.table_name
    FROM _timescaledb_catalog.continuous_agg AS a
    JOIN made AS b ON b.id = a.raw_hypertable_id
), pair AS (
  SELECT i.inhrelid AS part, m.relid AS whole FROM made AS m JOIN pg_catalog.pg_inherits AS i ON i.inhparent = m.relid
  UNION SELECT s.compress_relid, s.relid FROM _timescaledb_catalog.compression_settings AS s WHERE s.compress_relid IS NOT NULL
  UNION SELECT p.relid, m.relid FROM made AS m JOIN made AS p ON p.id = m.packed
), part AS (
  -- relations behind one that a person knows: schema, name, and the schema and name of that one
  SELECT n.nspname AS space, c.relname AS name, o.nspname AS of_space, w.relname AS of_name
    FROM pair
    JOIN pg_catalog.pg_class AS c ON c.oid = pair.part JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    JOIN pg_catalog.pg_class AS w ON w.oid = pair.whole JOIN pg_catalog.pg_namespace AS o ON o.oid = w.relnamespace
  UNION SELECT m.schema_name, m.table_name, a.user_view_schema, a.user_view_name FROM rolled AS a JOIN made AS m ON m.id = a.mat_hypertable_id
  UNION SELECT a.partial_view_schema, a.partial_view_name, a.user_view_schema, a.user_view_name FROM rolled AS a
  UNION SELECT a.direct_view_schema, a.direct_view_name, a.user_view_schema, a.user_view_name FROM rolled AS a
)
SELECT pg_catalog.json_build_object(
  'schema', (SELECT n.nspname FROM pg_catalog.pg_extension AS e JOIN pg_catalog.pg_namespace AS n ON n.oid = e.extnamespace
              WHERE e.extname = 'timescaledb'),
  'schemas', (SELECT pg_catalog.json_agg(n.nspname ORDER BY n.nspname) FROM pg_catalog.pg_depend AS d
                JOIN pg_catalog.pg_extension AS e ON e.oid = d.refobjid AND e.extname = 'timescaledb'
                JOIN pg_catalog.pg_namespace AS n ON n.oid = d.objid
               WHERE d.classid = 'pg_catalog.pg_namespace'::regclass AND d.refclassid = 'pg_catalog.pg_extension'::regclass AND d.deptype = 'e'),
  'licence', pg_catalog.current_setting('timescaledb.license', true),
  'hypertables', (SELECT pg_catalog.json_agg(pg_catalog.json_build_array(m.schema_name, m.table_name, d.column_name, d.interval_length / 1000000,
                           (SELECT pg_catalog.json_agg(pg_catalog.json_build_array(s.column_name, s.num_slices) ORDER BY s.id)
                              FROM _timescaledb_catalog.dimension AS s WHERE s.hypertable_id = m.id AND s.num_slices IS NOT NULL),
                           EXISTS (SELECT FROM _timescaledb_catalog.compression_settings AS c WHERE c.relid = m.relid)))
                    FROM made AS m
                    JOIN _timescaledb_catalog.dimension AS d ON d.hypertable_id = m.id AND d.interval_length IS NOT NULL
                   WHERE m.schema_name <> '_timescaledb_internal'),
  'aggregates', (SELECT pg_catalog.json_agg(pg_catalog.json_build_array(a.user_view_schema, a.user_view_name, a.schema_name, a.table_name))
                   FROM rolled AS a),
  'parts', (SELECT pg_catalog.json_agg(pg_catalog.json_build_array(p.space, p.name, p.of_space, p.of_name)) FROM part AS p))
