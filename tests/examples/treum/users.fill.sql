INSERT INTO users.account (account_id, email, password_hash, locked_until)
SELECT md5('account' || i)::uuid, 'Person' || i || '@example.org', '$argon2id$' || md5(i::text),
       CASE WHEN i % 500 = 0 THEN now() + interval '5 minutes' END
FROM generate_series(1, 20000) AS i;
INSERT INTO users.session (account_id, token_hash, created_at, expires_at, revoked_at)
SELECT md5('account' || i % 20000)::uuid, sha256(i::text::bytea), t, t + interval '1 day', CASE WHEN i % 5 > 0 THEN t END
FROM generate_series(1, 30000) AS i, LATERAL (SELECT now() - i * interval '2 minutes' AS t) AS at;
INSERT INTO users.login_attempt (attempted_at, email, source, succeeded, outcome)
SELECT now() - i * interval '1 minute', 'Person' || i % 20000 || '@example.org', '10.0.0.0'::inet + i % 5000,
       i % 4 > 0, CASE WHEN i % 4 > 0 THEN 'ok' ELSE 'wrong' END
FROM generate_series(1, 40000) AS i;
INSERT INTO audit.event (occurred_at, account_id, action)
SELECT now() - i * interval '1 minute', md5('account' || i % 20000)::uuid,
       CASE WHEN i % 100 = 0 THEN 'account delete' ELSE 'session insert' END
FROM generate_series(1, 40000) AS i;
