INSERT INTO notification.notification_templates (code, channel, version, subject, body, retired_at)
SELECT 'code_' || chr(97 + n % 26) || chr(97 + n / 26), 'email', version, 's', 'b', CASE WHEN version < 10 THEN now() END
FROM generate_series(0, 199) AS n CROSS JOIN generate_series(1, 10) AS version;

INSERT INTO notification.notifications (user_id, template_id, dedupe_key, status, due_at, created_at, sent_at, read_at)
SELECT md5('user' || n % 2000)::uuid, 1 + n % 2000, 'event' || n, CASE WHEN n % 100 = 0 THEN 'queued' ELSE 'sent' END,
       at, at, CASE WHEN n % 100 > 0 THEN at END, CASE WHEN n % 100 > 10 THEN at + interval '1 hour' END
FROM (SELECT n, timestamptz '2026-06-01' + n * interval '1 minute' AS at FROM generate_series(0, 39999) AS n) AS made;
