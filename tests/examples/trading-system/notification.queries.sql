-- notification.notification_logs_queue_idx: the next to be sent
SELECT log_id FROM notification.notification_logs WHERE status = 'queued' ORDER BY queued_at LIMIT 10 FOR UPDATE SKIP LOCKED;

-- notification.notification_logs_config_idx: what was last sent to somebody
SELECT status, queued_at FROM notification.notification_logs WHERE config_id = 77 ORDER BY queued_at DESC LIMIT 10;

-- notification.notification_logs_once_key: whether somebody was told of an event
SELECT log_id FROM notification.notification_logs WHERE config_id = 77 AND event_id = 2076;
