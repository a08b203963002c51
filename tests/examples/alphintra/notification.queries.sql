-- notification.templates_current_key: the text to send
SELECT subject, body FROM notification.templates WHERE code = 'code_cc' AND locale = 'en' AND retired_at IS NULL;

-- notification.notifications_due_idx: what a worker takes next
SELECT notification_id FROM notification.notifications
WHERE status = 'queued' AND due_at <= '2026-06-20' ORDER BY due_at LIMIT 10;

-- notification.notifications_unread_idx: a person's inbox, without a look at the table
SELECT template_id, created_at FROM notification.notifications
WHERE user_id = md5('user7')::uuid AND read_at IS NULL AND status = 'sent' ORDER BY created_at DESC LIMIT 20;

-- notification.deliveries_notification_idx: what became of a message
SELECT outcome, attempted_at FROM notification.deliveries
WHERE notification_id = md5('message77')::uuid ORDER BY attempted_at;

-- notification.deliveries_bounced_idx: which addresses are dead since yesterday
SELECT notification_id FROM notification.deliveries WHERE outcome = 'bounced' AND attempted_at > '2026-06-28';

-- notification.audit_log_entity_idx: who wrote a text
SELECT occurred_at, action, actor FROM notification.audit_log
WHERE entity = 'templates' AND entity_id = '77' ORDER BY occurred_at DESC;
