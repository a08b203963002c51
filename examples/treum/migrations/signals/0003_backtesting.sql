-- Runs of a strategy over the past, and the ranking of strategies made from them.
CREATE TABLE backtesting.run (
    run_id      uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    strategy_id bigint NOT NULL REFERENCES signals.strategy,
    period      daterange NOT NULL CHECK (NOT isempty(period) AND NOT lower_inf(period) AND NOT upper_inf(period)),
    parameters  jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(parameters) = 'object'),
    capital     numeric(19, 4) NOT NULL CHECK (capital > 0),
    started_at  timestamptz NOT NULL DEFAULT now(),
    finished_at timestamptz CHECK (finished_at >= started_at)
);
COMMENT ON TABLE backtesting.run IS 'One strategy with one set of parameters over one stretch of the past.';
CREATE INDEX run_strategy_idx ON backtesting.run (strategy_id, started_at DESC);
CREATE INDEX run_parameters_idx ON backtesting.run USING gin (parameters jsonb_path_ops);
CREATE INDEX run_unfinished_idx ON backtesting.run (started_at) WHERE finished_at IS NULL;

CREATE TABLE backtesting.trade (
    run_id      uuid NOT NULL REFERENCES backtesting.run ON DELETE CASCADE,
    number      integer NOT NULL CHECK (number > 0),
    symbol      text NOT NULL,
    quantity    numeric(28, 8) NOT NULL CHECK (quantity <> 0),
    entry_price numeric(28, 8) NOT NULL CHECK (entry_price > 0),
    exit_price  numeric(28, 8) NOT NULL CHECK (exit_price > 0),
    profit      numeric(36, 8) NOT NULL GENERATED ALWAYS AS (quantity * (exit_price - entry_price)) STORED,
    opened_at   timestamptz NOT NULL,
    closed_at   timestamptz NOT NULL CHECK (closed_at >= opened_at),
    PRIMARY KEY (run_id, number)
);
COMMENT ON TABLE backtesting.trade IS 'The trades that a run would have made.';
CREATE INDEX trade_symbol_idx ON backtesting.trade (symbol, closed_at) INCLUDE (profit);

CREATE MATERIALIZED VIEW backtesting.ranking AS
WITH curve AS (
    SELECT r.strategy_id,
           r.run_id,
           t.profit,
           t.profit / r.capital AS rate,
           t.closed_at,
           t.number,
           sum(t.profit) OVER (PARTITION BY r.run_id ORDER BY t.closed_at, t.number) / r.capital AS total
    FROM backtesting.run AS r
    JOIN backtesting.trade AS t USING (run_id)
    WHERE r.finished_at IS NOT NULL
), fallen AS (
    SELECT *,
           greatest(max(total) OVER (PARTITION BY run_id ORDER BY closed_at, number), 0) - total AS drawdown
    FROM curve
), summed AS (
    SELECT strategy_id,
           count(DISTINCT run_id)                                                 AS runs,
           count(*)                                                               AS trades,
           sum(rate) / count(DISTINCT run_id)                                     AS return_rate,
           avg((profit > 0)::int)                                                 AS hit_rate,
           sum(profit) FILTER (WHERE profit > 0)
               / nullif(-sum(profit) FILTER (WHERE profit < 0), 0)                AS profit_factor,
           max(drawdown)                                                          AS largest_drawdown,
           avg(rate) / nullif(stddev_samp(rate), 0)                               AS quality
    FROM fallen
    GROUP BY strategy_id
)
SELECT *, rank() OVER (ORDER BY quality DESC NULLS LAST, return_rate DESC) AS place FROM summed;
COMMENT ON MATERIALIZED VIEW backtesting.ranking IS 'Strategies by the evenness of their returns in finished runs; published.';
CREATE UNIQUE INDEX ranking_key ON backtesting.ranking (strategy_id);

-- Two strategies side by side, one row for each measure.
CREATE FUNCTION backtesting.compare(one bigint, other bigint)
    RETURNS TABLE (measure text, first_value numeric, second_value numeric, better bigint)
    LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT m.measure,
           m.first_value,
           m.second_value,
           CASE
               WHEN m.first_value > m.second_value THEN one
               WHEN m.second_value > m.first_value THEN other
           END
    FROM backtesting.ranking AS a
    JOIN backtesting.ranking AS b ON b.strategy_id = other
    CROSS JOIN LATERAL (VALUES
        ('return_rate', a.return_rate, b.return_rate),
        ('hit_rate', a.hit_rate, b.hit_rate),
        ('profit_factor', a.profit_factor, b.profit_factor),
        ('largest_drawdown', -a.largest_drawdown, -b.largest_drawdown),
        ('quality', a.quality, b.quality)
    ) AS m (measure, first_value, second_value)
    WHERE a.strategy_id = one;
END;

-- SECURITY DEFINER because only the owner of a materialized view may refresh it, and the application owns nothing.
CREATE FUNCTION signals.refresh() RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    REFRESH MATERIALIZED VIEW CONCURRENTLY signals.accuracy;
    REFRESH MATERIALIZED VIEW CONCURRENTLY backtesting.ranking;
END;
$$;
