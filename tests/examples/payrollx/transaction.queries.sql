-- transaction.transactions_item_key: whether an item has been paid
SELECT id, status FROM transaction.transactions
WHERE payroll_item_id = md5('item77')::uuid AND status NOT IN ('failed', 'reversed');

-- transaction.transactions_due_idx: what is sent next
SELECT id FROM transaction.transactions WHERE status = 'pending' AND due_at <= '2026-06-20' ORDER BY due_at LIMIT 10;

-- transaction.transactions_unsettled_idx: what the bank has not answered for a day
SELECT id FROM transaction.transactions WHERE status = 'submitted' AND updated_at < '2026-06-05';

-- transaction.transactions_organization_idx: what an organization paid lately, without a look at the table
SELECT created_at, amount, currency, status FROM transaction.transactions
WHERE organization_id = md5('org77')::uuid ORDER BY created_at DESC LIMIT 20;

-- transaction.transaction_logs_transaction_idx: what became of a payment
SELECT old_status, new_status, logged_at FROM transaction.transaction_logs
WHERE transaction_id = md5('payment77')::uuid ORDER BY id;

-- transaction.transaction_logs_failed_idx: the last failures, without a look at the table
SELECT logged_at, transaction_id FROM transaction.transaction_logs
WHERE new_status = 'failed' ORDER BY logged_at DESC LIMIT 20;
