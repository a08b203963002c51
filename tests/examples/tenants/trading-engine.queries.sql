-- trading.trading_ticks_company_idx: the last ticks of a symbol
SELECT time, bid, ask FROM trading.trading_ticks WHERE symbol = 'S76' ORDER BY time DESC LIMIT 20;

-- trading.trading_signals_recent_idx: the last signals for a symbol
SELECT signal_id, direction, price FROM trading.trading_signals WHERE symbol = 'S76' ORDER BY created_at DESC LIMIT 20;

-- trading.executions_signal_idx: what came of a signal; also asked when a signal is deleted
SELECT execution_id, volume, price FROM trading.executions WHERE signal_id = md5('signal76')::uuid;

-- trading.executions_account_idx: the last executions of an account
SELECT symbol, side, volume FROM trading.executions WHERE account_id = 77 ORDER BY executed_at DESC LIMIT 20;
