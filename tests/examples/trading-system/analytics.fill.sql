INSERT INTO analytics.performance_metrics (strategy_id, metric, span, ends_on, value)
SELECT n % 1000, CASE n / 1000 % 2 WHEN 0 THEN 'return' ELSE 'sharpe' END, 'month', date '2024-01-01' + n / 2000, n % 97
FROM generate_series(0, 39999) AS n;
