INSERT INTO auth.api_keys (user_id, label, prefix, secret_hash, scopes, created_at, expires_at, revoked_at)
SELECT md5('user' || n % 2000)::uuid, 'key ' || n, 'ak_' || substr(md5(n::text), 1, 8), sha256(n::text::bytea), '{read}',
       timestamptz '2026-01-01' + n * interval '10 minutes', timestamptz '2026-06-01' + n * interval '10 minutes',
       CASE WHEN n % 3 > 0 THEN timestamptz '2026-05-01' END
FROM generate_series(0, 9999) AS n;

INSERT INTO auth.sessions (user_id, token_hash, created_at, expires_at, revoked_at)
SELECT md5('user' || n % 2000)::uuid, sha256(('s' || n)::bytea), timestamptz '2026-06-01' + n * interval '1 minute',
       timestamptz '2026-06-01 12:00' + n * interval '1 minute', CASE WHEN n % 4 = 0 THEN timestamptz '2026-06-20' END
FROM generate_series(0, 19999) AS n;

INSERT INTO auth.login_attempts (email, source, succeeded, attempted_at)
SELECT 'User' || n % 2000 || '@example.com', inet '10.0.0.0' + n % 3000, n % 10 > 0,
       timestamptz '2026-06-01' + n * interval '1 minute'
FROM generate_series(0, 29999) AS n;

INSERT INTO auth.audit_log (occurred_at, actor, action, entity, entity_id, new_row)
SELECT timestamptz '2026-06-01' + n * interval '1 minute', 'app', 'insert', 'api_keys', n::text, '{}'
FROM generate_series(1, 20000) AS n;
