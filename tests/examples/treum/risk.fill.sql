INSERT INTO risk.holding (account_id, as_of, symbol, quantity, price)
SELECT md5('account' || a)::uuid, current_date - d, 'S' || s, 10 * (CASE WHEN s % 2 = 0 THEN 1 ELSE -1 END), 50 + (a * s) % 100
FROM generate_series(1, 20) AS a, generate_series(0, 19) AS d, generate_series(1, 100) AS s;
INSERT INTO risk_metrics.daily_return (symbol, day, return_rate)
SELECT 'S' || s, current_date - d, sin(s * d) / 50 FROM generate_series(1, 100) AS s, generate_series(0, 399) AS d;
INSERT INTO risk_metrics.measurement (measured_at, account_id, measure, value)
SELECT now() - i * interval '10 minutes', md5('account' || i % 500)::uuid, measure, i
FROM generate_series(1, 20000) AS i, unnest(ARRAY['gross', 'var']) AS measure;
INSERT INTO risk_alerts.alert (account_id, measure, value, threshold, raised_at, resolved_at)
SELECT md5('account' || i)::uuid, 'var', 100 + i % 100, 100, now() - i * interval '1 minute', CASE WHEN i % 50 > 0 THEN now() END
FROM generate_series(1, 20000) AS i;
INSERT INTO risk.scenario (name) SELECT 'scenario ' || i FROM generate_series(1, 20) AS i;
INSERT INTO risk.stress_result (scenario_id, account_id, as_of, profit, worst)
SELECT s, md5('account' || a)::uuid, current_date - d, -10, 'S1'
FROM generate_series(1, 20) AS s, generate_series(1, 200) AS a, generate_series(0, 4) AS d;
REFRESH MATERIALIZED VIEW risk_metrics.symbol_exposure;
