INSERT INTO notification.notification_configs (account_id, event, channel, destination)
SELECT md5('account' || n)::uuid, 'risk', 'email', n || '@x' FROM generate_series(1, 2000) AS n;

INSERT INTO notification.notification_logs (config_id, account_id, event_id, status, body, queued_at, sent_at)
SELECT 1 + n % 2000, md5('account' || 1 + n % 2000)::uuid, n, CASE WHEN n % 40 = 0 THEN 'queued' ELSE 'sent' END, 'b',
       timestamptz '2026-06-01' + n * interval '1 minute', CASE WHEN n % 40 <> 0 THEN timestamptz '2026-07-01' END
FROM generate_series(1, 40000) AS n;
