INSERT INTO payments.wallet (wallet_id, account_id, currency)
SELECT md5('wallet' || i)::uuid, md5('account' || i)::uuid, 'EUR' FROM generate_series(1, 5000) AS i;
INSERT INTO payments.transfer (transfer_id, idempotency_key, kind, entries, created_at)
SELECT md5('transfer' || i)::uuid, 'transfer' || i, 'payment', 2, now() - (40000 - i) * interval '1 minute'
FROM generate_series(1, 40000) AS i;
INSERT INTO payments.entry (transfer_id, wallet_id, currency, amount)
SELECT md5('transfer' || i)::uuid, md5('wallet' || 1 + (i * 7 + side) % 5000)::uuid, 'EUR', side * 10
FROM generate_series(1, 40000) AS i, unnest(ARRAY[-1, 1]) AS side;
INSERT INTO billing.plan (plan_id, name, price, currency, billed)
SELECT 'plan-' || i, 'Plan ' || i, 10, 'EUR', 'monthly' FROM generate_series(1, 100) AS i;
INSERT INTO billing.subscription (subscription_id, account_id, plan_id, period)
SELECT md5('subscription' || i)::uuid, md5('account' || i)::uuid, 'plan-' || 1 + i % 100, daterange('2025-01-01', NULL)
FROM generate_series(1, 10000) AS i;
INSERT INTO billing.invoice (subscription_id, currency, issued_on, due_on, paid_by)
SELECT md5('subscription' || i % 10000)::uuid, 'EUR', date '2025-01-01' + (i / 10000)::int, date '2025-01-15' + (i % 300),
       CASE WHEN i % 40 > 0 THEN md5('transfer' || i)::uuid END
FROM generate_series(1, 20000) AS i;
INSERT INTO billing.payment_method (account_id, provider, token, brand, last_four, expires_on, removed_at)
SELECT md5('account' || i / 2)::uuid, 'acme', 'tok_' || translate(md5(i::text), '0123456789', 'ghijklmnop'), 'visa', '4242', '2030-01-01',
       CASE WHEN i % 2 = 0 THEN now() END
FROM generate_series(1, 10000) AS i;
INSERT INTO payments_compliance.identity_check (account_id, kind, outcome, provider, checked_at, expires_at)
SELECT md5('account' || i)::uuid, kind, CASE WHEN i % 100 = 0 THEN 'review' ELSE 'clear' END, 'acme',
       now() - i * interval '1 minute', now() + interval '1 year'
FROM generate_series(1, 8000) AS i, unnest(ARRAY['kyc', 'aml', 'sanctions']) AS kind;
INSERT INTO payments_compliance.fraud_case (wallet_id, amount, score, rules, verdict, raised_at, decided_at)
SELECT md5('wallet' || i % 5000)::uuid, 100, (i % 1000) / 1000.0, '{large}', CASE WHEN i % 50 = 0 THEN 'open' ELSE 'fine' END,
       now() - i * interval '1 minute', CASE WHEN i % 50 > 0 THEN now() END
FROM generate_series(1, 20000) AS i;
INSERT INTO payments.deposit (wallet_id, amount, bank_ref, received_at, transfer_id)
SELECT md5('wallet' || 1 + i % 5000)::uuid, 10, 'ref' || i, now() - i * interval '1 minute', md5('transfer' || i)::uuid
FROM generate_series(1, 20000) AS i;
INSERT INTO payments.withdrawal (wallet_id, amount, iban, requested_at, executed_at, transfer_id)
SELECT md5('wallet' || 1 + i % 5000)::uuid, 10, 'DE12500105170648489890', now() - i * interval '1 minute',
       CASE WHEN i % 50 > 0 THEN now() END, md5('transfer' || i)::uuid
FROM generate_series(1, 20000) AS i;
