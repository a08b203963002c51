INSERT INTO broker.brokers (code, protocol) SELECT 'broker_' || chr(96 + n), 'fix' FROM generate_series(1, 8) AS n;

INSERT INTO broker.broker_accounts (broker_account_id, broker_id, user_id, external_account, vault_key, status)
SELECT md5('account' || n)::uuid, 1 + n % 8, md5('user' || n % 2000)::uuid, 'x' || n, 'vault:alphintra/' || n,
       CASE WHEN n % 5 = 0 THEN 'revoked' ELSE 'connected' END
FROM generate_series(0, 9999) AS n;

INSERT INTO broker.heartbeats (broker_id, observed_at, latency_ms)
SELECT 1 + n % 8, timestamptz '2026-06-01' + n / 8 * interval '1 minute', CASE WHEN n % 997 > 0 THEN 12.5 END
FROM generate_series(0, 79999) AS n;

INSERT INTO broker.broker_orders (order_id, broker_account_id, external_order_id, state, queued_at)
SELECT md5('order' || n)::uuid, md5('account' || n % 10000)::uuid, CASE WHEN n % 200 > 0 THEN 'e' || n END,
       CASE WHEN n % 200 = 0 THEN 'queued' WHEN n % 10 = 1 THEN 'cancelled' ELSE 'done' END,
       timestamptz '2026-06-01' + n * interval '1 minute'
FROM generate_series(0, 39999) AS n;

INSERT INTO broker.audit_log (occurred_at, actor, action, entity, entity_id, new_row)
SELECT timestamptz '2026-06-01' + n * interval '1 minute', 'app', 'insert', 'broker_orders', n::text, '{}'
FROM generate_series(1, 20000) AS n;
