INSERT INTO risk_management.risk_events (limit_id, account_id, order_id, severity, observed, raised_at, acknowledged_at,
                                         acknowledged_by)
SELECT 1 + n % 400, md5('account' || n % 2000)::uuid, md5('order' || n)::uuid,
       CASE WHEN n % 10 = 0 THEN 'breach' ELSE 'warning' END, 100, timestamptz '2026-06-01' + n * interval '1 minute',
       CASE WHEN n % 15 <> 0 THEN timestamptz '2026-07-01' END, CASE WHEN n % 15 <> 0 THEN 'desk' END
FROM generate_series(1, 40000) AS n;
