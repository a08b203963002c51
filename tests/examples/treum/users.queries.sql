-- users.account_email_key: a login looks an address up, however it is written
SELECT account_id, password_hash, status FROM users.account WHERE lower(email) = lower('PERSON77@example.org');

-- users.account_locked_idx: the monitor lists what is locked now
SELECT account_id, locked_until FROM users.account WHERE locked_until > now();

-- users.session_token_key: every request finds its session
SELECT account_id FROM users.session WHERE token_hash = sha256('77'::bytea) AND revoked_at IS NULL AND expires_at > now();

-- users.session_open_idx: a person looks at the devices that are logged in
SELECT session_id, source, last_seen_at FROM users.session
WHERE account_id = md5('account77')::uuid AND revoked_at IS NULL AND expires_at > now()
ORDER BY expires_at DESC;

-- users.session_expires_idx: the clean-up removes what expired long ago, in batches
SELECT session_id FROM users.session WHERE expires_at < now() - interval '40 days' ORDER BY expires_at LIMIT 1000;

-- users.login_attempt_email_idx: the lockout counts the last failures of an address
SELECT count(*) FROM users.login_attempt
WHERE lower(email) = 'person76@example.org' AND NOT succeeded AND attempted_at > now() - interval '15 minutes';

-- users.login_attempt_source_idx: the monitor looks at one suspicious source
SELECT attempted_at, email FROM users.login_attempt
WHERE source = '10.0.0.76' AND NOT succeeded AND attempted_at > now() - interval '1 day' ORDER BY attempted_at DESC;

-- audit.event_account_idx: an auditor reads what happened to an account
SELECT occurred_at, action, actor FROM audit.event
WHERE account_id = md5('account77')::uuid ORDER BY occurred_at DESC LIMIT 50;

-- audit.event_action_idx: an auditor reads what of a kind happened lately
SELECT occurred_at, account_id FROM audit.event
WHERE action = 'account delete' AND occurred_at > now() - interval '7 days' ORDER BY occurred_at DESC;
