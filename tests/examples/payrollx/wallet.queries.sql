-- wallet.wallets_employee_key: where a salary goes
SELECT id FROM wallet.wallets WHERE employee_id = md5('employee77')::uuid AND currency = 'EUR' AND status <> 'closed';

-- wallet.wallets_organization_key: where salaries come from
SELECT id, balance FROM wallet.wallets
WHERE organization_id = md5('org77')::uuid AND currency = 'EUR' AND status <> 'closed';

-- wallet.wallet_transactions_wallet_idx: a statement, without a look at the table
SELECT id, amount, balance_after FROM wallet.wallet_transactions
WHERE wallet_id = md5('wallet77')::uuid ORDER BY id DESC LIMIT 20;

-- wallet.wallet_transactions_created_idx: what was booked in an hour
SELECT kind, sum(amount) FROM wallet.wallet_transactions
WHERE created_at >= '2026-06-10 09:00+00' AND created_at < '2026-06-10 10:00+00' GROUP BY kind;
