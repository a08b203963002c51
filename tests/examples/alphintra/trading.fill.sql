INSERT INTO trading.instruments (symbol, asset_class, currency, tick_size)
SELECT 'SYM' || n, 'equity', 'USD', 0.01 FROM generate_series(1, 200) AS n;

INSERT INTO trading.orders (order_id, client_order_id, user_id, strategy_id, instrument_id, side, kind, quantity,
                            limit_price, filled_quantity, status, placed_at)
SELECT md5('order' || n)::uuid, 'c' || n, md5('user' || n % 2000)::uuid, CASE WHEN n % 5 = 0 THEN md5('strategy' || n % 100)::uuid END,
       1 + n % 200, CASE n / 200 % 2 WHEN 0 THEN 'buy' ELSE 'sell' END, 'limit', 10, 100 + n % 50,
       CASE WHEN n % 25 = 0 THEN 0 ELSE 10 END, CASE WHEN n % 25 = 0 THEN 'open' ELSE 'filled' END,
       timestamptz '2026-06-01' + n * interval '1 minute'
FROM generate_series(0, 39999) AS n;

INSERT INTO trading.trades (order_id, venue_ref, quantity, price, fee, executed_at)
SELECT order_id, 'v' || client_order_id, 10, limit_price, 0.1, placed_at
FROM trading.orders WHERE status = 'filled' ORDER BY placed_at;

INSERT INTO trading.positions (user_id, instrument_id, quantity, cost)
SELECT user_id, instrument_id, CASE WHEN count(*) % 2 = 0 THEN 0 ELSE 10 END, 1000
FROM trading.orders GROUP BY user_id, instrument_id;

INSERT INTO trading.audit_log (occurred_at, actor, action, entity, entity_id, new_row)
SELECT timestamptz '2026-06-01' + n * interval '1 minute', 'app', 'insert', 'orders', md5('order' || n % 40000)::uuid::text, '{}'
FROM generate_series(1, 20000) AS n;
