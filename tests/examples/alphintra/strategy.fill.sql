INSERT INTO strategy.trading_strategies (strategy_id, user_id, name, status)
SELECT md5('strategy' || n)::uuid, md5('user' || n % 2000)::uuid, 'Strategy ' || n, CASE WHEN n % 40 = 0 THEN 'live' WHEN n % 10 = 1 THEN 'retired' ELSE 'draft' END
FROM generate_series(0, 9999) AS n;

INSERT INTO strategy.strategy_versions (strategy_id, version, source_sha256, released_at)
SELECT strategy_id, version, sha256(name::bytea), CASE WHEN version = 1 THEN now() END
FROM strategy.trading_strategies CROSS JOIN generate_series(1, 2) AS version;

INSERT INTO strategy.backtests (strategy_id, version, first_day, last_day, initial_capital, final_capital, sharpe,
                                max_drawdown, status, queued_at, finished_at)
SELECT md5('strategy' || n % 10000)::uuid, 1 + n % 2, '2025-01-01', '2025-12-31', 10000, 10000 + n % 5000, n % 300 / 100.0,
       0.2, CASE WHEN n % 100 = 0 THEN 'queued' ELSE 'done' END, timestamptz '2026-06-01' + n * interval '1 minute',
       CASE WHEN n % 100 > 0 THEN timestamptz '2026-06-02' + n * interval '1 minute' END
FROM generate_series(0, 29999) AS n;

INSERT INTO strategy.backtest_values (backtest_id, day, value)
SELECT backtest_id, date '2025-01-01' + day, 10000 + day
FROM (SELECT backtest_id FROM strategy.backtests LIMIT 100) AS b CROSS JOIN generate_series(0, 250) AS day;

INSERT INTO strategy.audit_log (occurred_at, actor, action, entity, entity_id, new_row)
SELECT timestamptz '2026-06-01' + n * interval '1 minute', 'app', 'insert', 'trading_strategies', md5('strategy' || n % 10000)::uuid::text, '{}'
FROM generate_series(1, 20000) AS n;
