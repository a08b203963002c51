INSERT INTO transaction.transactions (id, organization_id, payroll_item_id, from_wallet_id, to_wallet_id, amount, currency,
                                      status, idempotency_key, due_at, created_at, updated_at, settled_at)
SELECT md5('payment' || n)::uuid, md5('org' || n % 200)::uuid, md5('item' || n)::uuid, md5('from')::uuid,
       md5('to' || n)::uuid, 100, 'EUR',
       CASE n % 100 WHEN 0 THEN 'pending' WHEN 1 THEN 'submitted' ELSE 'settled' END, 'p' || n, at, at, at,
       CASE WHEN n % 100 > 1 THEN at END
FROM (SELECT n, timestamptz '2026-06-01' + n * interval '1 minute' AS at FROM generate_series(0, 39999) AS n) AS made;

INSERT INTO transaction.transaction_logs (transaction_id, logged_at, new_status, attempts, failure)
SELECT md5('payment' || n % 40000)::uuid, timestamptz '2026-06-01' + n * interval '30 seconds',
       CASE WHEN n % 500 = 0 THEN 'failed' ELSE 'submitted' END, 1, NULL
FROM generate_series(0, 79999) AS n;
