INSERT INTO analytics.signal_analytics (company_id, user_id, signal_id, symbol, direction, return_rate, signalled_at)
SELECT CASE n % 2 WHEN 0 THEN 'abc' ELSE 'xyz' END, 'u1', md5('signal' || n)::uuid, 'S' || n % 300, 'buy', 0.1,
       timestamptz '2026-06-01' + n * interval '1 minute'
FROM generate_series(1, 40000) AS n;

INSERT INTO analytics.user_activity (company_id, user_id, happened_at, action)
SELECT CASE n % 2 WHEN 0 THEN 'abc' ELSE 'xyz' END, 'u' || n % 500, timestamptz '2026-06-01' + n * interval '1 minute', 'login'
FROM generate_series(1, 40000) AS n;
