INSERT INTO users.users (user_id, email, status, created_at)
SELECT md5('user' || n)::uuid, 'User' || n || '@example.com', CASE WHEN n % 50 = 0 THEN 'pending' ELSE 'active' END,
       timestamptz '2026-01-01' + n * interval '10 minutes'
FROM generate_series(0, 9999) AS n;

INSERT INTO users.profiles (user_id, display_name, contact)
SELECT user_id, email, email FROM users.users;

INSERT INTO users.verifications (user_id, kind, outcome, valid_during, checked_at)
SELECT md5('user' || n % 10000)::uuid, (ARRAY['identity', 'sanctions'])[1 + n / 10000],
       CASE WHEN n % 40 = 0 THEN 'review' ELSE 'passed' END, '[2026-01-01,2030-01-01)',
       timestamptz '2026-01-01' + n * interval '5 minutes'
FROM generate_series(0, 19999) AS n;

INSERT INTO users.audit_log (occurred_at, actor, action, entity, entity_id, new_row)
SELECT timestamptz '2026-06-01' + n * interval '1 minute', 'app', 'insert', 'users', md5('user' || n % 10000)::uuid::text, '{}'
FROM generate_series(1, 20000) AS n;
