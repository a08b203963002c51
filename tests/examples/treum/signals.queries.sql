-- signals.signal_strategy_idx: the last signals of a strategy
SELECT symbol, direction FROM signals.signal WHERE strategy_id = 7 ORDER BY issued_at DESC LIMIT 20;

-- signals.signal_symbol_idx: what is said of a symbol now
SELECT strategy_id, direction FROM signals.signal
WHERE symbol = 'S7' AND issued_at > now() - interval '2 days' ORDER BY issued_at DESC;

-- signals.signal_edge_idx: the signals that promise most
SELECT signal_id, symbol FROM signals.signal ORDER BY confidence * expected_return DESC LIMIT 20;

-- signals.signal_day_idx: the signals of a day
SELECT count(*) FROM signals.signal WHERE (issued_at AT TIME ZONE 'UTC')::date = current_date - 10;

-- signals.accuracy_key: how a strategy does on a symbol
SELECT hit_rate, brier_score FROM signals.accuracy WHERE strategy_id = 1001 AND symbol = 'S7';

-- signals.regime_one_at_a_time: in which regime a symbol was at a moment
SELECT regime FROM signals.regime WHERE symbol = 'S7' AND during @> now() - interval '100 days';

-- backtesting.run_strategy_idx: the last runs of a strategy
SELECT run_id FROM backtesting.run WHERE strategy_id = 7 ORDER BY started_at DESC LIMIT 5;

-- backtesting.run_parameters_idx: runs with a parameter that was tried before
SELECT run_id FROM backtesting.run WHERE parameters @> '{"window": 77}';

-- backtesting.run_unfinished_idx: what still runs, or was given up
SELECT run_id, started_at FROM backtesting.run WHERE finished_at IS NULL ORDER BY started_at;

-- backtesting.trade_symbol_idx: what a symbol brought over all runs, from the index alone
SELECT sum(profit) FROM backtesting.trade WHERE symbol = 'S7' AND closed_at > now() - interval '200 days';

-- backtesting.ranking_key: the place of a strategy
SELECT place, quality FROM backtesting.ranking WHERE strategy_id = 7;
