-- Folds the ticks of a span of time into bars; running it twice gives the same bars.
CREATE PROCEDURE market_history.fold_ticks(since timestamptz, until timestamptz)
    LANGUAGE sql
BEGIN ATOMIC
    INSERT INTO market_history.bar (symbol, span, opened_at, open, high, low, close, volume)
    SELECT symbol,
           interval '1 minute',
           date_trunc('minute', occurred_at),
           (array_agg(price ORDER BY occurred_at))[1],
           max(price),
           min(price),
           (array_agg(price ORDER BY occurred_at DESC))[1],
           sum(size)
    FROM market_realtime.tick
    WHERE occurred_at >= since AND occurred_at < until
    GROUP BY symbol, date_trunc('minute', occurred_at)
    ON CONFLICT (symbol, span, opened_at) DO UPDATE
    SET open = excluded.open, high = excluded.high, low = excluded.low,
        close = excluded.close, volume = excluded.volume;
END;
