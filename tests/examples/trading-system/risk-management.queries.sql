-- risk_management.risk_events_open_idx: the latest breaches that nobody has acknowledged
SELECT event_id, account_id, observed FROM risk_management.risk_events
WHERE severity = 'breach' AND acknowledged_at IS NULL ORDER BY raised_at DESC LIMIT 20;

-- risk_management.risk_events_account_idx: what happened to an account
SELECT event_id, severity, raised_at FROM risk_management.risk_events
WHERE account_id = md5('account77')::uuid ORDER BY raised_at DESC LIMIT 20;

-- risk_management.risk_events_limit_idx: how often a limit was met; also asked when a limit is deleted
SELECT raised_at, observed FROM risk_management.risk_events WHERE limit_id = 77 ORDER BY raised_at DESC LIMIT 20;
