INSERT INTO trading.instrument (symbol, asset_class, currency, tick_size)
SELECT 'S' || i, 'equity', 'EUR', 0.01 FROM generate_series(1, 200) AS i;
INSERT INTO trading.orders (order_id, account_id, client_ref, exchange_ref, instrument_id, side, kind, quantity,
                            filled_quantity, limit_price, status, placed_at)
SELECT md5('order' || i)::uuid, md5('account' || i % 1000)::uuid, 'ref' || i, 'X' || i, 1 + i % 200,
       CASE WHEN i % 2 = 0 THEN 'buy' ELSE 'sell' END, 'limit', 10, CASE WHEN i % 20 = 0 THEN 0 ELSE 10 END,
       100 + i % 50, CASE WHEN i % 20 = 0 THEN 'open' ELSE 'filled' END, now() - i * interval '1 minute'
FROM generate_series(1, 40000) AS i;
INSERT INTO trading.execution (order_id, venue, venue_ref, quantity, price, executed_at)
SELECT md5('order' || i)::uuid, 'XETR', 'V' || i, 10, 100 + i % 50, now() - (60000 - i) * interval '1 minute'
FROM generate_series(1, 60000) AS i WHERE i % 20 > 0;
INSERT INTO trading.position (account_id, instrument_id, quantity, average_price)
SELECT md5('account' || a)::uuid, i, CASE WHEN (a + i) % 5 = 0 THEN 10 ELSE 0 END, CASE WHEN (a + i) % 5 = 0 THEN 99 ELSE 0 END
FROM generate_series(1, 200) AS a, generate_series(1, 200) AS i;
INSERT INTO trading_compliance.order_event (occurred_at, order_id, status, filled)
SELECT now() - i * interval '1 minute', md5('order' || i % 20000)::uuid, 'open', 0 FROM generate_series(1, 40000) AS i;
INSERT INTO trading_compliance.report (order_id, regulation, payload, due_at, submitted_at)
SELECT md5('order' || i)::uuid, 'mifid', '{}', now() + i * interval '1 minute', CASE WHEN i % 50 > 0 THEN now() END
FROM generate_series(1, 20000) AS i;
REFRESH MATERIALIZED VIEW trading_analytics.daily_volume;
REFRESH MATERIALIZED VIEW trading_analytics.account_performance;
