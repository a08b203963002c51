-- notification.notification_templates_current_key: the text to send
SELECT subject, body FROM notification.notification_templates
WHERE code = 'code_cc' AND channel = 'email' AND locale = 'en' AND retired_at IS NULL;

-- notification.notifications_due_idx: what a worker takes next
SELECT id FROM notification.notifications
WHERE status = 'queued' AND due_at <= '2026-06-20' ORDER BY due_at LIMIT 10;

-- notification.notifications_unread_idx: a person's inbox
SELECT template_id, created_at FROM notification.notifications
WHERE user_id = md5('user7')::uuid AND status = 'sent' AND read_at IS NULL ORDER BY created_at DESC LIMIT 20;

-- notification.notifications_template_idx: whether a text may be removed
SELECT EXISTS (SELECT FROM notification.notifications WHERE template_id = 77);
