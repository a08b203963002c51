-- trading.orders_account_idx: a client looks at the last orders
SELECT order_id, status FROM trading.orders
WHERE account_id = md5('account77')::uuid ORDER BY placed_at DESC LIMIT 20;

-- trading.orders_book_idx: the matching loop takes the best open price, in the order of arrival
SELECT order_id, quantity - filled_quantity FROM trading.orders
WHERE instrument_id = 21 AND side = 'sell' AND limit_price <= 120 AND status IN ('new', 'open')
ORDER BY limit_price, placed_at LIMIT 10;

-- trading.orders_exchange_ref_idx: an execution report names an order
SELECT order_id FROM trading.orders WHERE exchange_ref = 'X77';

-- trading.execution_order_idx: the fills of an order, from the index alone
SELECT sum(quantity * price) / sum(quantity) FROM trading.execution WHERE order_id = md5('order77')::uuid;

-- trading.execution_time_idx: what was traded in an hour
SELECT count(*), sum(notional) FROM trading.execution
WHERE executed_at >= now() - interval '101 hours' AND executed_at < now() - interval '100 hours';

-- trading.position_open_idx: who holds an instrument, for a corporate action
SELECT account_id, quantity FROM trading.position WHERE instrument_id = 21 AND quantity <> 0;

-- trading_analytics.daily_volume_key: the volumes of an instrument
SELECT day, turnover FROM trading_analytics.daily_volume WHERE instrument_id = 21 AND day > current_date - 7;

-- trading_analytics.account_performance_key: the figures of a client
SELECT profit, sharpe FROM trading_analytics.account_performance WHERE account_id = md5('account77')::uuid;

-- trading_analytics.account_performance_profit_idx: the clients who earned most
SELECT account_id, profit FROM trading_analytics.account_performance ORDER BY profit DESC LIMIT 10;

-- trading_compliance.order_event_order_idx: the life of an order
SELECT occurred_at, status, filled FROM trading_compliance.order_event
WHERE order_id = md5('order77')::uuid ORDER BY occurred_at;

-- trading_compliance.report_due_idx: what has to be sent next
SELECT report_id FROM trading_compliance.report WHERE submitted_at IS NULL ORDER BY due_at LIMIT 20;
