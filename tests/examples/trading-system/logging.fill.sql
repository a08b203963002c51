INSERT INTO logging.system_logs (logged_at, service, level, message, trace_id)
SELECT timestamptz '2026-06-01' + n * interval '1 second', 'service ' || n % 8,
       CASE WHEN n % 200 = 0 THEN 'error' ELSE 'info' END, 'something happened', md5('trace' || n / 3)::uuid
FROM generate_series(1, 80000) AS n;

INSERT INTO logging.performance_logs (logged_at, service, operation, duration_ms, succeeded)
SELECT timestamptz '2026-06-01' + n * interval '1 second', 'service ' || n % 8, 'operation ' || n % 100, 1, true
FROM generate_series(1, 40000) AS n;
