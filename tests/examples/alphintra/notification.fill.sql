INSERT INTO notification.templates (code, locale, version, subject, body, retired_at)
SELECT 'code_' || chr(97 + n % 26) || chr(97 + n / 26), 'en', version, 's', 'b', CASE WHEN version < 10 THEN now() END
FROM generate_series(0, 199) AS n CROSS JOIN generate_series(1, 10) AS version;

INSERT INTO notification.notifications (notification_id, user_id, template_id, channel, dedupe_key, status, due_at,
                                        created_at, sent_at, read_at)
SELECT md5('message' || n)::uuid, md5('user' || n % 2000)::uuid, 1 + n % 2000, 'email', 'event' || n,
       CASE WHEN n % 100 = 0 THEN 'queued' ELSE 'sent' END, at, at, CASE WHEN n % 100 > 0 THEN at END,
       CASE WHEN n % 100 > 10 THEN at + interval '1 hour' END
FROM (SELECT n, timestamptz '2026-06-01' + n * interval '1 minute' AS at FROM generate_series(0, 39999) AS n) AS made;

INSERT INTO notification.preferences (user_id, channel, topic, enabled)
SELECT md5('user' || n)::uuid, 'email', 'fills', true FROM generate_series(0, 1999) AS n;

INSERT INTO notification.deliveries (notification_id, attempted_at, outcome, provider_ref)
SELECT md5('message' || n)::uuid, timestamptz '2026-06-01' + n * interval '1 minute',
       CASE WHEN n % 100 = 0 THEN 'bounced' ELSE 'delivered' END, 'p' || n
FROM generate_series(0, 39999) AS n;

INSERT INTO notification.audit_log (occurred_at, actor, action, entity, entity_id, new_row)
SELECT timestamptz '2026-06-01' + n * interval '1 minute', 'app', 'insert', 'templates', (n % 2000)::text, '{}'
FROM generate_series(1, 20000) AS n;
