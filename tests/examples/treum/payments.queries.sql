-- payments.transfer_time_idx: the transfers of an hour, for a reconciliation
SELECT count(*) FROM payments.transfer
WHERE created_at >= now() - interval '101 hours' AND created_at < now() - interval '100 hours';

-- payments.entry_transfer_idx: the check that a transfer is balanced
SELECT currency, count(*), sum(amount) FROM payments.entry WHERE transfer_id = md5('transfer77')::uuid GROUP BY currency;

-- payments.entry_wallet_idx: a statement of account
SELECT entry_id, amount FROM payments.entry WHERE wallet_id = md5('wallet77')::uuid ORDER BY entry_id DESC LIMIT 20;

-- billing.subscription_plan_idx: who is on a plan, before it is changed, and the key that keeps it
SELECT count(*) FROM billing.subscription WHERE plan_id = 'plan-7';

-- billing.subscription_no_overlap: what a customer is subscribed to on a day
SELECT subscription_id FROM billing.subscription
WHERE account_id = md5('account77')::uuid AND plan_id = 'plan-78' AND period @> date '2025-06-01';

-- billing.invoice_unpaid_idx: what to remind of
SELECT subscription_id, due_on FROM billing.invoice WHERE paid_by IS NULL AND due_on < '2025-02-01' ORDER BY due_on;

-- billing.payment_method_account_idx: what a customer can pay with
SELECT method_id, brand, last_four FROM billing.payment_method
WHERE account_id = md5('account77')::uuid AND removed_at IS NULL;

-- payments_compliance.identity_check_account_idx: whether a customer is cleared
SELECT DISTINCT ON (kind) kind, outcome FROM payments_compliance.identity_check
WHERE account_id = md5('account77')::uuid ORDER BY kind, checked_at DESC;

-- payments_compliance.identity_check_review_idx: what an officer looks at next
SELECT check_id FROM payments_compliance.identity_check WHERE outcome = 'review' ORDER BY checked_at LIMIT 20;

-- payments_compliance.fraud_case_wallet_idx: what was held back of a wallet before
SELECT score, verdict FROM payments_compliance.fraud_case
WHERE wallet_id = md5('wallet77')::uuid ORDER BY raised_at DESC;

-- payments_compliance.fraud_case_open_idx: the worst that is undecided
SELECT case_id, score FROM payments_compliance.fraud_case WHERE verdict = 'open' ORDER BY score DESC, raised_at LIMIT 20;

-- payments.deposit_wallet_idx: what came into a wallet this year, from the index alone
SELECT sum(amount) FROM payments.deposit
WHERE wallet_id = md5('wallet77')::uuid AND received_at > now() - interval '1 year';

-- payments.withdrawal_wallet_idx: what a customer ordered lately
SELECT amount, iban, executed_at FROM payments.withdrawal
WHERE wallet_id = md5('wallet77')::uuid ORDER BY requested_at DESC LIMIT 20;

-- payments.withdrawal_waiting_idx: what the bank has not been told yet
SELECT withdrawal_id FROM payments.withdrawal WHERE executed_at IS NULL ORDER BY requested_at LIMIT 100;
