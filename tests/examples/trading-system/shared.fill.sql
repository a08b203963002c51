INSERT INTO shared.audit_log (source, trail_id, changed_at, table_name, operation, actor, new_row)
SELECT 'execution', n, timestamptz '2026-06-01' + n * interval '1 minute', 'table ' || n % 50, 'insert', 'login ' || n % 300, '{}'
FROM generate_series(1, 40000) AS n;
