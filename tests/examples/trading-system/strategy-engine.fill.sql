INSERT INTO strategy_engine.strategies (name, kind, parameters, status)
SELECT 'strategy ' || n, 'momentum', jsonb_build_object('window', n, 'universe', 'u' || n % 500), 'live'
FROM generate_series(1, 20000) AS n;

INSERT INTO strategy_engine.strategy_signals (strategy_id, symbol, direction, strength, price, generated_at, expires_at)
SELECT 1 + n % 500, 'S' || n % 700, CASE WHEN n % 2 = 0 THEN 'hold' ELSE 'buy' END, 0.5, 10,
       timestamptz '2026-06-01' + n * interval '1 minute', timestamptz '2026-06-02' + n * interval '1 minute'
FROM generate_series(1, 40000) AS n;
