-- execution.orders_account_idx: the last orders of an account
SELECT order_id, symbol, status FROM execution.orders
WHERE account_id = md5('account77')::uuid ORDER BY placed_at DESC LIMIT 20;

-- execution.orders_working_idx: what still wants to buy a symbol, the dearest first
SELECT order_id, limit_price, quantity - filled_quantity FROM execution.orders
WHERE symbol = 'S100' AND side = 'buy' AND status IN ('new', 'open', 'partially_filled') ORDER BY limit_price DESC;

-- execution.orders_strategy_idx: what a strategy ordered since a day
SELECT order_id, side, quantity FROM execution.orders
WHERE strategy_id = 45 AND placed_at > '2026-06-20' ORDER BY placed_at DESC;

-- execution.trades_order_idx: how an order was filled
SELECT quantity, price, fee FROM execution.trades WHERE order_id = md5('order77')::uuid;

-- execution.trades_account_idx: an account's trades in a symbol
SELECT traded_at, side, quantity, price FROM execution.trades
WHERE account_id = md5('account77')::uuid AND symbol = 'S77' ORDER BY traded_at DESC LIMIT 20;

-- execution.positions_symbol_idx: who holds a symbol that is halted
SELECT account_id, quantity FROM execution.positions WHERE symbol = 'S77' AND quantity <> 0;

-- execution.execution_logs_order_idx: what happened to an order
SELECT logged_at, event, venue FROM execution.execution_logs WHERE order_id = md5('order77')::uuid ORDER BY logged_at;
