-- tenant_company_abc.users_email_key: who logs in
SELECT user_id FROM tenant_company_abc.users WHERE lower(email) = 'person77@x.example';

-- tenant_company_abc.mt5_accounts_user_idx: the accounts that count against a subscription, as the trigger asks for them
SELECT account_id FROM tenant_company_abc.mt5_accounts WHERE user_id = 'u77' AND status <> 'closed';

-- tenant_company_abc.trading_history_account_idx: the last trades of an account
SELECT symbol, profit FROM tenant_company_abc.trading_history WHERE account_id = 77 ORDER BY closed_at DESC LIMIT 20;

-- tenant_company_abc.trading_history_symbol_idx: the last trades in a symbol
SELECT account_id, profit FROM tenant_company_abc.trading_history WHERE symbol = 'S77' ORDER BY closed_at DESC LIMIT 20;

-- tenant_company_abc.subscription_events_user_idx: how a subscription went; also asked when a user is deleted
SELECT tier, occurred_at FROM tenant_company_abc.subscription_events WHERE user_id = 'u77' ORDER BY occurred_at DESC;
