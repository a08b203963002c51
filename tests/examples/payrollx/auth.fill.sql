INSERT INTO auth.users (id, email, password_hash, first_name, last_name, role, organization_id, active)
SELECT md5('user' || n)::uuid, 'User' || n || '@example.com', '$argon2id$x', 'A', 'B',
       CASE WHEN n % 50 = 0 THEN 'MANAGER' ELSE 'EMPLOYEE' END, md5('org' || n % 200)::uuid, n % 10 > 0
FROM generate_series(0, 19999) AS n;

INSERT INTO auth.refresh_tokens (user_id, family_id, token_hash, created_at, expires_at, used_at, revoked_at)
SELECT md5('user' || n % 5000)::uuid, md5('family' || n / 4)::uuid, sha256(n::text::bytea), at, at + interval '30 days',
       CASE WHEN n % 4 < 3 THEN at + interval '1 hour' END, CASE WHEN n % 7 = 0 THEN at + interval '2 hours' END
FROM (SELECT n, timestamptz '2026-06-01' + n * interval '1 minute' AS at FROM generate_series(0, 39999) AS n) AS made;

INSERT INTO auth.audit_logs (occurred_at, user_id, action)
SELECT timestamptz '2026-06-01' + n * interval '1 minute', md5('user' || n % 5000)::uuid, 'user update'
FROM generate_series(0, 39999) AS n;
