INSERT INTO tenant_company_abc.users (user_id, email)
SELECT 'u' || n, 'person' || n || '@X.example' FROM generate_series(1, 5000) AS n;

INSERT INTO tenant_company_abc.mt5_accounts (account_id, user_id, account_number, broker, account_type, status)
SELECT n, 'u' || 1 + n % 5000, 'n' || n, 'b', 'live', CASE WHEN n % 3 = 0 THEN 'closed' ELSE 'active' END
FROM generate_series(1, 20000) AS n;

INSERT INTO tenant_company_abc.trading_history (closed_at, account_id, ticket, symbol, side, volume, open_price, price, profit,
                                                opened_at)
SELECT timestamptz '2026-06-01' + n * interval '1 minute', 1 + n % 200, n, 'S' || n % 300, 'buy', 1, 1, 1, 0,
       timestamptz '2026-06-01'
FROM generate_series(1, 40000) AS n;

INSERT INTO tenant_company_abc.subscription_events (event_id, user_id, tier, occurred_at)
SELECT 'e' || n, 'u' || 1 + n % 5000, 'pro', timestamptz '2026-06-01' + n * interval '1 minute'
FROM generate_series(1, 20000) AS n;
