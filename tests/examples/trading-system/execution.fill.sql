INSERT INTO execution.orders (order_id, account_id, client_order_id, strategy_id, symbol, side, kind, quantity, limit_price,
                              filled_quantity, status, placed_at)
SELECT md5('order' || n)::uuid, md5('account' || n % 2000)::uuid, 'c' || n, CASE WHEN n % 5 = 0 THEN n % 100 END,
       'S' || n % 200, CASE n / 200 % 2 WHEN 0 THEN 'buy' ELSE 'sell' END, 'limit', 10, 100 + n % 50,
       CASE WHEN n % 25 = 0 THEN 0 ELSE 10 END, CASE WHEN n % 25 = 0 THEN 'open' ELSE 'filled' END,
       timestamptz '2026-06-01' + n * interval '1 minute'
FROM generate_series(0, 39999) AS n;

INSERT INTO execution.trades (order_id, account_id, symbol, side, quantity, price, venue, venue_trade_id, traded_at)
SELECT order_id, account_id, symbol, side, 10, limit_price, 'XNYS', client_order_id, placed_at
FROM execution.orders WHERE status = 'filled' ORDER BY placed_at;

INSERT INTO execution.positions (account_id, symbol, quantity, average_price)
SELECT account_id, symbol, CASE WHEN count(*) % 2 = 0 THEN 0 ELSE 10 END, 100
FROM execution.orders GROUP BY account_id, symbol;

INSERT INTO execution.execution_logs (logged_at, order_id, event)
SELECT placed_at, order_id, 'sent' FROM execution.orders ORDER BY placed_at;
