INSERT INTO notifications.notification_logs (company_id, user_id, topic, body, created_at)
SELECT CASE n % 2 WHEN 0 THEN 'abc' ELSE 'xyz' END, 'u' || n % 500, 'signal', 'b', timestamptz '2026-06-01' + n * interval '1 minute'
FROM generate_series(1, 40000) AS n;
