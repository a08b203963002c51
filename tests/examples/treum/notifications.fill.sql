INSERT INTO templates.template (name, channel, category)
SELECT 'template_' || translate(i::text, '0123456789', 'abcdefghij'), 'email', 'trading' FROM generate_series(1, 100) AS i;
INSERT INTO templates.version (template_id, version, body, in_use)
SELECT t, v, 'Hello', v = 20 FROM generate_series(1, 100) AS t, generate_series(1, 20) AS v;
INSERT INTO notifications.message (account_id, template_id, version, dedup_key, status)
SELECT md5('account' || i % 2000)::uuid, 1 + i % 100, 1 + i % 20, 'key' || i, CASE WHEN i % 10 = 0 THEN 'queued' ELSE 'sent' END
FROM generate_series(1, 40000) AS i;
INSERT INTO notifications.queue (message_id, priority, available_at)
SELECT i * 10, 1 + i % 9, now() - i * interval '1 second' FROM generate_series(1, 4000) AS i;
INSERT INTO delivery.attempt (message_id, number, provider, provider_ref, sent_at)
SELECT i, 1, CASE WHEN i % 2 = 0 THEN 'acme' ELSE 'other' END, 'ref' || i, now() - i * interval '1 minute'
FROM generate_series(1, 40000) AS i;
INSERT INTO delivery.event (occurred_at, message_id, kind)
SELECT now() - i * interval '1 minute', i, CASE WHEN i % 50 = 0 THEN 'soft_bounce' ELSE 'delivered' END
FROM generate_series(1, 40000) AS i;
