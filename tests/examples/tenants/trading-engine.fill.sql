INSERT INTO trading.trading_ticks (time, company_id, user_id, symbol, bid, ask, volume)
SELECT timestamptz '2026-06-01' + n * interval '1 second', CASE n % 2 WHEN 0 THEN 'abc' ELSE 'xyz' END, 'u1', 'S' || n % 300, 1, 2, 3
FROM generate_series(1, 60000) AS n;

INSERT INTO trading.trading_signals (company_id, signal_id, user_id, symbol, direction, price, created_at)
SELECT CASE n % 2 WHEN 0 THEN 'abc' ELSE 'xyz' END, md5('signal' || n)::uuid, 'u1', 'S' || n % 300, 'buy', 1,
       timestamptz '2026-06-01' + n * interval '1 minute'
FROM generate_series(1, 40000) AS n;

INSERT INTO trading.executions (company_id, user_id, signal_id, account_id, symbol, side, volume, price, executed_at)
SELECT company_id, user_id, signal_id, 1 + hashtext(signal_id::text) % 200, symbol, 'buy', 1, 1, created_at
FROM trading.trading_signals;
