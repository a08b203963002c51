-- trading.orders_of_user_idx: a person's last orders
SELECT order_id, status, placed_at FROM trading.orders
WHERE user_id = md5('user77')::uuid ORDER BY placed_at DESC LIMIT 20;

-- trading.orders_book_idx: the best bids of an instrument, without a look at the table
SELECT limit_price, sum(quantity - filled_quantity) FROM trading.orders
WHERE instrument_id = 1 AND side = 'buy' AND status IN ('new', 'open') GROUP BY limit_price ORDER BY limit_price DESC;

-- trading.orders_strategy_idx: what a strategy did since a day
SELECT order_id, side, quantity FROM trading.orders
WHERE strategy_id = md5('strategy45')::uuid AND placed_at > '2026-06-20' ORDER BY placed_at;

-- trading.trades_order_idx: how an order was filled, without a look at the table
SELECT sum(quantity), sum(quantity * price) / sum(quantity), sum(fee) FROM trading.trades
WHERE order_id = md5('order77')::uuid;

-- trading.trades_executed_idx: the turnover of an hour
SELECT sum(notional) FROM trading.trades
WHERE executed_at >= '2026-06-10 09:00+00' AND executed_at < '2026-06-10 10:00+00';

-- trading.positions_open_idx: who holds an instrument that is halted, without a look at the table
SELECT user_id, quantity, cost FROM trading.positions WHERE instrument_id = 7 AND quantity <> 0;

-- trading.audit_log_entity_idx: what happened to an order
SELECT occurred_at, action, actor FROM trading.audit_log
WHERE entity = 'orders' AND entity_id = md5('order77')::uuid::text ORDER BY occurred_at DESC;
