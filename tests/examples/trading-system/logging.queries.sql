-- logging.system_logs_service_idx: the last words of a service
SELECT logged_at, level, message FROM logging.system_logs WHERE service = 'service 3' ORDER BY logged_at DESC LIMIT 50;

-- logging.system_logs_bad_idx: the last errors of all services
SELECT logged_at, service, message FROM logging.system_logs
WHERE level IN ('error', 'critical') ORDER BY logged_at DESC LIMIT 50;

-- logging.system_logs_trace_idx: everything that belongs to one request
SELECT logged_at, service, message FROM logging.system_logs WHERE trace_id = md5('trace77')::uuid;

-- logging.system_logs_time_idx: how much was said in one hour, by whom
SELECT service, level, count(*) FROM logging.system_logs
WHERE logged_at >= '2026-06-01 12:00+00' AND logged_at < '2026-06-01 13:00+00' GROUP BY service, level;

-- logging.performance_logs_operation_idx: how long an operation took lately
SELECT duration_ms, succeeded FROM logging.performance_logs
WHERE service = 'service 3' AND operation = 'operation 3' ORDER BY logged_at DESC LIMIT 50;
