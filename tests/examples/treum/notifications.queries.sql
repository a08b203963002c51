-- templates.version_in_use_key: the text that is sent today
SELECT version, body FROM templates.version WHERE template_id = 7 AND in_use;

-- notifications.message_account_idx: what a person was sent lately
SELECT message_id, status FROM notifications.message
WHERE account_id = md5('account77')::uuid ORDER BY message_id DESC LIMIT 20;

-- notifications.message_template_idx: what a version was used for, and the key that keeps it
SELECT count(*) FROM notifications.message WHERE template_id = 7 AND version = 7;

-- notifications.queue_next_idx: a worker takes what is due, most urgent first
SELECT message_id FROM notifications.queue WHERE available_at <= now()
ORDER BY priority, available_at LIMIT 10 FOR UPDATE SKIP LOCKED;

-- delivery.attempt_provider_ref_idx: a report names a message
SELECT message_id FROM delivery.attempt WHERE provider_ref = 'ref77';

-- delivery.attempt_time_idx: what a provider was given in an hour
SELECT count(*) FROM delivery.attempt WHERE provider = 'acme' AND sent_at > now() - interval '1 hour';

-- delivery.event_message_idx: what became of a message
SELECT occurred_at, kind FROM delivery.event WHERE message_id = 77 ORDER BY occurred_at;

-- delivery.event_bounce_idx: the bounces of a day
SELECT message_id, occurred_at FROM delivery.event
WHERE kind IN ('soft_bounce', 'hard_bounce', 'complaint') AND occurred_at > now() - interval '1 day' ORDER BY occurred_at;
