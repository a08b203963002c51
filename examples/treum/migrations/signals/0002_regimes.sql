-- In what mood a market is: quiet, trending, or volatile. A symbol is in one regime at a time.
CREATE TABLE signals.regime (
    symbol     text NOT NULL,
    during     tstzrange NOT NULL CHECK (NOT isempty(during) AND NOT lower_inf(during)),
    regime     text NOT NULL CHECK (regime IN ('trend_up', 'trend_down', 'range', 'volatile')),
    volatility double precision NOT NULL CHECK (volatility >= 0),
    CONSTRAINT regime_one_at_a_time EXCLUDE USING gist (symbol WITH =, during WITH &&)
);
COMMENT ON TABLE signals.regime IS 'Market regimes; the exclusion constraint keeps those of a symbol from overlapping.';

-- Labels each bar by the bars before it and writes stretches of equal labels as one row. A trend is a line that
-- explains most of the movement; volatile is twice the symbol's usual deviation; the last stretch stays open.
CREATE FUNCTION signals.detect_regimes(of_symbol text, of_span interval, lookback integer DEFAULT 20) RETURNS bigint
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    found_count bigint;
BEGIN
    IF lookback NOT BETWEEN 3 AND 500 THEN
        RAISE EXCEPTION 'lookback must be 3 to 500 bars' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    DELETE FROM signals.regime WHERE symbol = of_symbol;
    WITH bars AS (
        SELECT opened_at,
               row_number() OVER by_time AS number,
               ln(close)::double precision AS level,
               (ln(close) - lag(ln(close)) OVER by_time)::double precision AS step
        FROM market_history.bar
        WHERE symbol = of_symbol AND span = of_span
        WINDOW by_time AS (ORDER BY opened_at)
    ), usual AS (
        SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY abs(step)) * 1.4826 AS deviation FROM bars
    ), measured AS (
        SELECT here.opened_at, here.number, fit.*
        FROM bars AS here
        CROSS JOIN LATERAL (
            SELECT regr_slope(level, number) AS slope,
                   coalesce(regr_r2(level, number), 0) AS explained,
                   coalesce(stddev_samp(step), 0) AS deviation
            FROM bars AS past
            WHERE past.number BETWEEN here.number - lookback + 1 AND here.number
        ) AS fit
        WHERE here.number >= lookback
    ), labelled AS (
        SELECT opened_at,
               number,
               measured.deviation,
               CASE
                   WHEN explained > 0.7 AND slope > 0 THEN 'trend_up'
                   WHEN explained > 0.7 AND slope < 0 THEN 'trend_down'
                   WHEN measured.deviation > 2 * usual.deviation THEN 'volatile'
                   ELSE 'range'
               END AS label
        FROM measured CROSS JOIN usual
    ), stretches AS (
        SELECT *, number - row_number() OVER (PARTITION BY label ORDER BY number) AS stretch FROM labelled
    ), merged AS (
        SELECT label, min(opened_at) AS since, avg(deviation) AS deviation FROM stretches GROUP BY label, stretch
    )
    INSERT INTO signals.regime (symbol, during, regime, volatility)
    SELECT of_symbol, tstzrange(since, lead(since) OVER (ORDER BY since)), label, deviation FROM merged;
    GET DIAGNOSTICS found_count = ROW_COUNT;
    RETURN found_count;
END;
$$;
COMMENT ON FUNCTION signals.detect_regimes IS 'Replaces the regimes of a symbol by what its bars show; reads the published bars.';
