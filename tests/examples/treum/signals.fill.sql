INSERT INTO signals.strategy (name) SELECT 'strategy ' || i FROM generate_series(1, 1500) AS i;
INSERT INTO signals.signal (strategy_id, symbol, direction, confidence, expected_return, issued_at, expires_at)
SELECT 1 + i % 1500, 'S' || i % 400, CASE WHEN i % 2 = 0 THEN 'long' ELSE 'short' END, (i % 997) / 1000.0,
       0.0001 + (i % 1009) / 10000.0, t, t + interval '1 day'
FROM generate_series(1, 40000) AS i, LATERAL (SELECT now() - i * interval '5 minutes' AS t) AS at;
INSERT INTO signals.outcome (signal_id, return_rate) SELECT i, (i % 21 - 10) / 100.0 FROM generate_series(1, 40000) AS i;
INSERT INTO signals.regime (symbol, during, regime, volatility)
SELECT 'S' || s, tstzrange(now() - (i + 1) * interval '10 days', now() - i * interval '10 days'), 'range', 0.01
FROM generate_series(1, 100) AS s, generate_series(1, 40) AS i;
INSERT INTO backtesting.run (run_id, strategy_id, period, parameters, capital, started_at, finished_at)
SELECT md5('run' || i)::uuid, 1 + i % 1500, '[2025-01-01,2025-07-01)', jsonb_build_object('window', i % 300, 'stop', 0.02),
       10000, now() - i * interval '1 hour', CASE WHEN i % 100 > 0 THEN now() END
FROM generate_series(1, 6000) AS i;
INSERT INTO backtesting.trade (run_id, number, symbol, quantity, entry_price, exit_price, opened_at, closed_at)
SELECT md5('run' || r)::uuid, n, 'S' || (r * 7 + n) % 400, 10, 100, 95 + (r * n) % 11, t, t + interval '1 hour'
FROM generate_series(1, 6000) AS r, generate_series(1, 8) AS n,
     LATERAL (SELECT now() - (r * 8 + n) * interval '10 minutes' AS t) AS at;
REFRESH MATERIALIZED VIEW signals.accuracy;
REFRESH MATERIALIZED VIEW backtesting.ranking;
