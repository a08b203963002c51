-- notifications.notification_logs_user_idx: what somebody was told last
SELECT topic, body, created_at FROM notifications.notification_logs WHERE user_id = 'u76' ORDER BY created_at DESC LIMIT 20;
