-- What all services say and how long they took. Written by one service, read by people: nothing here is ever updated.
CREATE TABLE logging.system_logs (
    logged_at timestamptz NOT NULL DEFAULT now(),
    service   text NOT NULL,
    level     text NOT NULL CHECK (level IN ('debug', 'info', 'warning', 'error', 'critical')),
    message   text NOT NULL,
    trace_id  uuid,
    context   jsonb NOT NULL DEFAULT '{}'
);
CREATE INDEX system_logs_service_idx ON logging.system_logs (service, logged_at DESC);
CREATE INDEX system_logs_bad_idx ON logging.system_logs (logged_at DESC) WHERE level IN ('error', 'critical');
CREATE INDEX system_logs_trace_idx ON logging.system_logs USING hash (trace_id) WHERE trace_id IS NOT NULL;
CREATE INDEX system_logs_time_idx ON logging.system_logs USING brin (logged_at);

CREATE TABLE logging.performance_logs (
    logged_at   timestamptz NOT NULL DEFAULT now(),
    service     text NOT NULL,
    operation   text NOT NULL,
    duration_ms double precision NOT NULL CHECK (duration_ms >= 0),
    rows        bigint CHECK (rows >= 0),
    succeeded   boolean NOT NULL
);
CREATE INDEX performance_logs_operation_idx ON logging.performance_logs (service, operation, logged_at DESC);

-- How long each operation took in a span of time: what a dashboard asks once a minute.
CREATE FUNCTION logging.durations(since timestamptz, until timestamptz)
    RETURNS TABLE (service text, operation text, calls bigint, median_ms double precision, p99_ms double precision, failed bigint)
    LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT l.service,
           l.operation,
           count(*),
           percentile_cont(0.5) WITHIN GROUP (ORDER BY l.duration_ms),
           percentile_cont(0.99) WITHIN GROUP (ORDER BY l.duration_ms),
           count(*) FILTER (WHERE NOT l.succeeded)
    FROM logging.performance_logs AS l
    WHERE l.logged_at >= since AND l.logged_at < until
    GROUP BY l.service, l.operation;
END;
