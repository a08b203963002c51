-- users.users_email_key: somebody logs in, in whatever case they type
SELECT user_id, status FROM users.users WHERE lower(email) = lower('uSER77@example.com');

-- users.users_pending_idx: who waits longest to be let in
SELECT user_id, created_at FROM users.users WHERE status = 'pending' ORDER BY created_at LIMIT 20;

-- users.verifications_user_idx: what was checked about a person, newest first
SELECT kind, outcome, checked_at FROM users.verifications
WHERE user_id = md5('user77')::uuid ORDER BY checked_at DESC;

-- users.verifications_review_idx: what an officer looks at next
SELECT verification_id, user_id FROM users.verifications WHERE outcome = 'review' ORDER BY checked_at LIMIT 20;

-- users.audit_log_entity_idx: what happened to a person's row
SELECT occurred_at, action, actor FROM users.audit_log
WHERE entity = 'users' AND entity_id = md5('user77')::uuid::text ORDER BY occurred_at DESC;
