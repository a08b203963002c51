-- What reporting reads. Views are refreshed as a whole and without locking readers out.
CREATE MATERIALIZED VIEW trading_analytics.daily_volume AS
SELECT o.instrument_id,
       (e.executed_at AT TIME ZONE 'UTC')::date AS day,
       count(*)                                 AS executions,
       sum(e.quantity)                          AS quantity,
       sum(e.notional)                          AS turnover
FROM trading.execution AS e
JOIN trading.orders AS o USING (order_id)
GROUP BY 1, 2;
COMMENT ON MATERIALIZED VIEW trading_analytics.daily_volume IS 'Turnover of each instrument and day; published.';
CREATE UNIQUE INDEX daily_volume_key ON trading_analytics.daily_volume (instrument_id, day);

CREATE MATERIALIZED VIEW trading_analytics.account_performance AS
WITH daily AS (
    SELECT o.account_id,
           (e.executed_at AT TIME ZONE 'UTC')::date AS day,
           count(*)                                 AS executions,
           sum(e.realised_profit - e.fee)           AS profit,
           sum(e.notional)                          AS turnover
    FROM trading.execution AS e
    JOIN trading.orders AS o USING (order_id)
    GROUP BY 1, 2
), running AS (
    SELECT *, sum(profit) OVER (PARTITION BY account_id ORDER BY day) AS total FROM daily
), fallen AS (
    SELECT *, greatest(max(total) OVER (PARTITION BY account_id ORDER BY day), 0) - total AS drawdown FROM running
)
SELECT account_id,
       count(*)                                                 AS days,
       sum(executions)                                          AS executions,
       sum(profit)                                              AS profit,
       sum(turnover)                                            AS turnover,
       max(drawdown)                                            AS largest_drawdown,
       (count(*) FILTER (WHERE profit > 0))::numeric / count(*) AS winning_days,
       -- mean over deviation of daily profit, a year having 252 trading days; null with fewer than two days
       avg(profit) / nullif(stddev_samp(profit), 0) * sqrt(252) AS sharpe
FROM fallen
GROUP BY account_id;
COMMENT ON MATERIALIZED VIEW trading_analytics.account_performance IS 'Profit, drawdown and Sharpe ratio of each account.';
CREATE UNIQUE INDEX account_performance_key ON trading_analytics.account_performance (account_id);
CREATE INDEX account_performance_profit_idx ON trading_analytics.account_performance (profit DESC);

-- SECURITY DEFINER because only the owner of a materialized view may refresh it, and the application owns nothing.
CREATE FUNCTION trading_analytics.refresh() RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    REFRESH MATERIALIZED VIEW CONCURRENTLY trading_analytics.daily_volume;
    REFRESH MATERIALIZED VIEW CONCURRENTLY trading_analytics.account_performance;
END;
$$;
