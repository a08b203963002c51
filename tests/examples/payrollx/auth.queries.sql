-- auth.users_email_key: somebody logs in, in whatever case they type
SELECT id, password_hash FROM auth.users WHERE lower(email) = lower('uSER77@example.com');

-- auth.users_of_organization_idx: who may approve in an organization, without a look at the table
SELECT id FROM auth.users WHERE organization_id = md5('org50')::uuid AND role = 'MANAGER' AND active;

-- auth.refresh_tokens_head_key: the token of a family that works
SELECT id, expires_at FROM auth.refresh_tokens
WHERE family_id = md5('family77')::uuid AND used_at IS NULL AND revoked_at IS NULL;

-- auth.refresh_tokens_user_idx: log a person out everywhere
SELECT id FROM auth.refresh_tokens
WHERE user_id = md5('user77')::uuid AND revoked_at IS NULL AND expires_at > '2026-07-10';

-- auth.refresh_tokens_expired_idx: what the retention removes
SELECT id FROM auth.refresh_tokens WHERE expires_at < '2026-07-02' ORDER BY expires_at LIMIT 1000;

-- auth.audit_logs_user_idx: what happened to a login
SELECT occurred_at, action, detail FROM auth.audit_logs
WHERE user_id = md5('user77')::uuid ORDER BY occurred_at DESC LIMIT 20;
