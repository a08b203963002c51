-- What every account is exposed to, what it may be, and what would happen if.
CREATE TABLE risk.exposure_limit (
    account_id uuid NOT NULL,
    measure    text NOT NULL CHECK (measure IN ('gross', 'net', 'var', 'shortfall', 'concentration')),
    threshold  numeric(28, 8) NOT NULL CHECK (threshold > 0),
    PRIMARY KEY (account_id, measure)
);
COMMENT ON TABLE risk.exposure_limit IS 'How far each measure of an account may go.';

CREATE TABLE risk.holding (
    account_id   uuid NOT NULL,
    as_of        date NOT NULL,
    symbol       text NOT NULL,
    quantity     numeric(28, 8) NOT NULL CHECK (quantity <> 0),
    price        numeric(28, 8) NOT NULL CHECK (price > 0),
    market_value numeric(36, 8) NOT NULL GENERATED ALWAYS AS (quantity * price) STORED,
    PRIMARY KEY (account_id, as_of, symbol)
);
COMMENT ON TABLE risk.holding IS 'Positions at the end of a day, at that day''s price.';
-- long or short, large is large
CREATE INDEX holding_size_idx ON risk.holding (as_of, abs(market_value) DESC);
CREATE INDEX holding_symbol_idx ON risk.holding (symbol, as_of) INCLUDE (market_value);

CREATE TABLE risk_metrics.daily_return (
    symbol      text NOT NULL,
    day         date NOT NULL,
    return_rate double precision NOT NULL CHECK (return_rate > -1),
    PRIMARY KEY (symbol, day)
);
COMMENT ON TABLE risk_metrics.daily_return IS 'What each symbol did each day: the history that risk is computed from.';
CREATE INDEX daily_return_day_idx ON risk_metrics.daily_return (day) INCLUDE (symbol, return_rate);

-- Copies the positions of a day from trading and its prices from market data.
CREATE FUNCTION risk.take_positions(of_day date) RETURNS bigint
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    taken bigint;
BEGIN
    INSERT INTO risk.holding (account_id, as_of, symbol, quantity, price)
    SELECT p.account_id, of_day, i.symbol, p.quantity, b.close
    FROM trading.position AS p
    JOIN trading.instrument AS i USING (instrument_id)
    CROSS JOIN LATERAL (
        SELECT close FROM market_history.bar
        WHERE symbol = i.symbol AND span = interval '1 day' AND opened_at < (of_day + 1)::timestamp AT TIME ZONE 'UTC'
        ORDER BY opened_at DESC
        LIMIT 1
    ) AS b
    WHERE p.quantity <> 0
    ON CONFLICT (account_id, as_of, symbol) DO UPDATE SET quantity = excluded.quantity, price = excluded.price;
    GET DIAGNOSTICS taken = ROW_COUNT;
    RETURN taken;
END;
$$;
COMMENT ON FUNCTION risk.take_positions IS 'The positions of today as holdings of a day; reads the published positions and bars.';

CREATE FUNCTION risk.take_returns(since date) RETURNS bigint
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    taken bigint;
BEGIN
    INSERT INTO risk_metrics.daily_return (symbol, day, return_rate)
    SELECT symbol, day, return_rate
    FROM (
        SELECT symbol,
               (opened_at AT TIME ZONE 'UTC')::date AS day,
               (close / lag(close) OVER (PARTITION BY symbol ORDER BY opened_at) - 1)::double precision AS return_rate
        FROM market_history.bar
        WHERE span = interval '1 day' AND opened_at >= (since - 7)::timestamp AT TIME ZONE 'UTC'
    ) AS moved
    WHERE return_rate IS NOT NULL AND day >= since
    ON CONFLICT (symbol, day) DO UPDATE SET return_rate = excluded.return_rate;
    GET DIAGNOSTICS taken = ROW_COUNT;
    RETURN taken;
END;
$$;
COMMENT ON FUNCTION risk.take_returns IS 'Daily returns from daily bars; reads the published bars.';
