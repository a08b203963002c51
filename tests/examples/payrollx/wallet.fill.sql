INSERT INTO wallet.wallets (id, employee_id, organization_id, currency)
SELECT md5('wallet' || n)::uuid, CASE WHEN n % 20 > 0 THEN md5('employee' || n)::uuid END,
       CASE WHEN n % 20 = 0 THEN md5('org' || n / 20)::uuid END, 'EUR'
FROM generate_series(0, 19999) AS n;

INSERT INTO wallet.wallet_transactions (wallet_id, amount, kind, idempotency_key, balance_after, created_at)
SELECT md5('wallet' || n % 20000)::uuid, 100, 'salary', 'k' || n, 100 * (1 + n / 20000),
       timestamptz '2026-06-01' + n * interval '30 seconds'
FROM generate_series(0, 79999) AS n;
