-- strategy.trading_strategies_name_key: whether a name is taken, as somebody types it
SELECT strategy_id FROM strategy.trading_strategies
WHERE user_id = md5('user77')::uuid AND lower(name) = lower('STRATEGY 77') AND status <> 'retired';

-- strategy.trading_strategies_live_idx: what trades now and for whom, without a look at the table
SELECT strategy_id, user_id FROM strategy.trading_strategies WHERE status = 'live';

-- strategy.backtests_of_version_idx: the last backtests of a version
SELECT backtest_id, status, sharpe FROM strategy.backtests
WHERE strategy_id = md5('strategy77')::uuid AND version = 2 ORDER BY queued_at DESC LIMIT 5;

-- strategy.backtests_queue_idx: what a worker takes next
SELECT backtest_id FROM strategy.backtests WHERE status = 'queued' ORDER BY queued_at LIMIT 1;

-- strategy.backtests_ranking_idx: the best that were tested, without a look at the table
SELECT strategy_id, sharpe, total_return FROM strategy.backtests WHERE status = 'done' ORDER BY sharpe DESC LIMIT 10;

-- strategy.audit_log_entity_idx: what happened to a strategy
SELECT occurred_at, action, actor FROM strategy.audit_log
WHERE entity = 'trading_strategies' AND entity_id = md5('strategy77')::uuid::text ORDER BY occurred_at DESC;
