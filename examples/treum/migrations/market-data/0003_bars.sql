-- Ticks folded into bars, bars into longer bars, and what is computed from them. All of it may be run again at any time.
CREATE TABLE market_history.bar (
    symbol    text NOT NULL REFERENCES market_history.instrument,
    span      interval NOT NULL CHECK (span > interval '0'),
    opened_at timestamptz NOT NULL,
    open      numeric(28, 8) NOT NULL CHECK (open > 0),
    high      numeric(28, 8) NOT NULL,
    low       numeric(28, 8) NOT NULL CHECK (low > 0),
    close     numeric(28, 8) NOT NULL CHECK (close > 0),
    volume    numeric(28, 8) NOT NULL CHECK (volume >= 0),
    ticks     bigint NOT NULL CHECK (ticks > 0),
    PRIMARY KEY (symbol, span, opened_at),
    CHECK (low <= least(open, close) AND high >= greatest(open, close))
);
COMMENT ON TABLE market_history.bar IS 'Open, high, low, close and volume of a span of time; published.';
CREATE INDEX bar_time_idx ON market_history.bar (span, opened_at) INCLUDE (symbol, close);

CREATE PROCEDURE market_history.fold_ticks(span interval, since timestamptz, until timestamptz)
    LANGUAGE sql
BEGIN ATOMIC
    INSERT INTO market_history.bar (symbol, span, opened_at, open, high, low, close, volume, ticks)
    SELECT symbol,
           fold_ticks.span,
           date_bin(fold_ticks.span, occurred_at, timestamptz '2000-01-01 00:00:00+00') AS bin,
           (array_agg(price ORDER BY occurred_at))[1],
           max(price),
           min(price),
           (array_agg(price ORDER BY occurred_at DESC))[1],
           sum(size),
           count(*)
    FROM market_realtime.tick
    WHERE occurred_at >= since AND occurred_at < until
    GROUP BY symbol, bin
    ON CONFLICT (symbol, span, opened_at) DO UPDATE
    SET open = excluded.open, high = excluded.high, low = excluded.low,
        close = excluded.close, volume = excluded.volume, ticks = excluded.ticks;
END;
COMMENT ON PROCEDURE market_history.fold_ticks IS 'Bars from ticks; since and until lie on borders of the span.';

CREATE PROCEDURE market_history.roll_up(from_span interval, to_span interval, since timestamptz, until timestamptz)
    LANGUAGE sql
BEGIN ATOMIC
    INSERT INTO market_history.bar (symbol, span, opened_at, open, high, low, close, volume, ticks)
    SELECT symbol,
           to_span,
           date_bin(to_span, opened_at, timestamptz '2000-01-01 00:00:00+00') AS bin,
           (array_agg(open ORDER BY opened_at))[1],
           max(high),
           min(low),
           (array_agg(close ORDER BY opened_at DESC))[1],
           sum(volume),
           sum(ticks)
    FROM market_history.bar
    WHERE span = from_span AND opened_at >= since AND opened_at < until
    GROUP BY symbol, bin
    ON CONFLICT (symbol, span, opened_at) DO UPDATE
    SET open = excluded.open, high = excluded.high, low = excluded.low,
        close = excluded.close, volume = excluded.volume, ticks = excluded.ticks;
END;
COMMENT ON PROCEDURE market_history.roll_up IS 'Longer bars from shorter ones; since and until lie on borders of the longer span.';

CREATE TABLE market_history.indicator (
    symbol    text NOT NULL,
    span      interval NOT NULL,
    name      text NOT NULL CHECK (name IN ('sma20', 'ema20', 'rsi14', 'bollinger_high', 'bollinger_low')),
    opened_at timestamptz NOT NULL,
    value     double precision NOT NULL,
    PRIMARY KEY (symbol, span, name, opened_at),
    FOREIGN KEY (symbol, span, opened_at) REFERENCES market_history.bar ON DELETE CASCADE
);
COMMENT ON TABLE market_history.indicator IS 'Technical indicators, each of the bar that it stands at.';
CREATE INDEX indicator_bar_idx ON market_history.indicator (symbol, span, opened_at);

-- Exponential average: the first value, then alpha of each new one.
CREATE FUNCTION market_history.ema_step(so_far double precision, value double precision, alpha double precision)
    RETURNS double precision
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN coalesce(alpha * value + (1 - alpha) * so_far, value, so_far);
CREATE AGGREGATE market_history.ema(value double precision, alpha double precision) (
    SFUNC = market_history.ema_step,
    STYPE = double precision
);

CREATE PROCEDURE market_history.compute_indicators(of_span interval, since timestamptz)
    LANGUAGE sql
BEGIN ATOMIC
    WITH moved AS (
        SELECT symbol,
               opened_at,
               close::double precision AS close,
               (close - lag(close) OVER (PARTITION BY symbol ORDER BY opened_at))::double precision AS change
        FROM market_history.bar
        WHERE span = of_span
    ), computed AS (
        SELECT symbol,
               opened_at,
               count(*) OVER last20                                          AS seen,
               count(change) OVER last14                                     AS changes,
               avg(close) OVER last20                                        AS mean,
               stddev_pop(close) OVER last20                                 AS deviation,
               market_history.ema(close, 2.0 / 21) OVER since_start          AS ema,
               coalesce(sum(change) FILTER (WHERE change > 0) OVER last14, 0)  AS gained,
               coalesce(-sum(change) FILTER (WHERE change < 0) OVER last14, 0) AS lost
        FROM moved
        WINDOW since_start AS (PARTITION BY symbol ORDER BY opened_at),
               last20 AS (PARTITION BY symbol ORDER BY opened_at ROWS 19 PRECEDING),
               last14 AS (PARTITION BY symbol ORDER BY opened_at ROWS 13 PRECEDING)
    )
    INSERT INTO market_history.indicator (symbol, span, name, opened_at, value)
    SELECT c.symbol, of_span, v.name, c.opened_at, v.value
    FROM computed AS c
    CROSS JOIN LATERAL (VALUES
        ('sma20', CASE WHEN seen = 20 THEN mean END),
        ('ema20', CASE WHEN seen = 20 THEN ema END),
        ('bollinger_high', CASE WHEN seen = 20 THEN mean + 2 * deviation END),
        ('bollinger_low', CASE WHEN seen = 20 THEN mean - 2 * deviation END),
        -- a market that did not move is neither strong nor weak
        ('rsi14', CASE WHEN changes = 14 THEN coalesce(100 * gained / nullif(gained + lost, 0), 50) END)
    ) AS v (name, value)
    WHERE v.value IS NOT NULL AND c.opened_at >= since
    ON CONFLICT (symbol, span, name, opened_at) DO UPDATE SET value = excluded.value;
END;
COMMENT ON PROCEDURE market_history.compute_indicators IS 'Averages, Bollinger bands and relative strength of all bars of one span.';

-- Short bars are worth little once they are rolled up: removed in batches, so that no lock is held for long.
CREATE FUNCTION market_history.clean_up(of_span interval, before timestamptz, batch integer DEFAULT 10000) RETURNS bigint
    LANGUAGE sql
BEGIN ATOMIC
    WITH old AS (
        SELECT symbol, span, opened_at
        FROM market_history.bar
        WHERE span = of_span AND opened_at < before
        ORDER BY opened_at
        LIMIT batch
        FOR UPDATE SKIP LOCKED
    ), gone AS (
        DELETE FROM market_history.bar USING old
        WHERE bar.symbol = old.symbol AND bar.span = old.span AND bar.opened_at = old.opened_at
        RETURNING 1
    )
    SELECT count(*) FROM gone;
END;
COMMENT ON FUNCTION market_history.clean_up IS 'Removes at most one batch of bars and says how many; call it until it says 0.';
