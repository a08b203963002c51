-- auth.api_keys_live_idx: the keys that a person has now, without a look at the table
SELECT label, expires_at FROM auth.api_keys WHERE user_id = md5('user77')::uuid AND revoked_at IS NULL;

-- auth.api_keys_expiring_idx: whom to warn that a key ends this week
SELECT api_key_id, user_id FROM auth.api_keys
WHERE revoked_at IS NULL AND expires_at BETWEEN '2026-06-10' AND '2026-06-11' ORDER BY expires_at;

-- auth.sessions_open_idx: where a person is logged in
SELECT session_id, source FROM auth.sessions
WHERE user_id = md5('user77')::uuid AND revoked_at IS NULL AND expires_at > '2026-06-10';

-- auth.sessions_expired_idx: what the retention removes
SELECT session_id FROM auth.sessions WHERE expires_at < '2026-06-02' ORDER BY expires_at LIMIT 1000;

-- auth.login_attempts_failed_idx: whether somebody guesses the password of one address
SELECT count(*) FROM auth.login_attempts
WHERE lower(email) = lower('user70@example.com') AND NOT succeeded AND attempted_at > '2026-06-10';

-- auth.login_attempts_source_idx: whether one machine guesses the passwords of many
SELECT count(DISTINCT email) FROM auth.login_attempts
WHERE source = '10.0.0.70' AND NOT succeeded AND attempted_at > '2026-06-10';

-- auth.audit_log_entity_idx: what happened to a key
SELECT occurred_at, action, actor FROM auth.audit_log
WHERE entity = 'api_keys' AND entity_id = '77' ORDER BY occurred_at DESC;
