-- analytics.performance_metrics_ranking_idx: the best strategies of a month
SELECT strategy_id, value FROM analytics.performance_metrics
WHERE metric = 'sharpe' AND span = 'month' AND ends_on = '2024-01-15' ORDER BY value DESC LIMIT 10;
