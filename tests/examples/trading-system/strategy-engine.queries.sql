-- strategy_engine.strategies_parameters_idx: which strategies trade a universe
SELECT strategy_id, name FROM strategy_engine.strategies WHERE parameters @> '{"universe": "u77"}';

-- strategy_engine.strategy_signals_strategy_idx: the last signals of a strategy
SELECT symbol, direction, strength FROM strategy_engine.strategy_signals
WHERE strategy_id = 77 ORDER BY generated_at DESC LIMIT 20;

-- strategy_engine.strategy_signals_symbol_idx: what is said of a symbol, other than to hold it
SELECT strategy_id, direction, price FROM strategy_engine.strategy_signals
WHERE symbol = 'S77' AND direction <> 'hold' ORDER BY generated_at DESC LIMIT 20;
