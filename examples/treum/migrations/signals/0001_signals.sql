-- Strategies, the signals they give, and how each of them turned out.
CREATE TABLE signals.strategy (
    strategy_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name        text NOT NULL UNIQUE,
    parameters  jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(parameters) = 'object'),
    active      boolean NOT NULL DEFAULT true,
    created_at  timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE signals.strategy IS 'What gives signals.';

CREATE TABLE signals.signal (
    signal_id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    strategy_id     bigint NOT NULL REFERENCES signals.strategy,
    symbol          text NOT NULL,
    direction       text NOT NULL CHECK (direction IN ('long', 'short')),
    confidence      numeric(5, 4) NOT NULL CHECK (confidence BETWEEN 0 AND 1),
    expected_return numeric(9, 6) NOT NULL CHECK (expected_return > 0),
    issued_at       timestamptz NOT NULL DEFAULT now(),
    expires_at      timestamptz NOT NULL,
    CHECK (expires_at > issued_at)
);
COMMENT ON TABLE signals.signal IS 'What a strategy says of a symbol, for a time; published.';
CREATE INDEX signal_strategy_idx ON signals.signal (strategy_id, issued_at DESC);
CREATE INDEX signal_symbol_idx ON signals.signal (symbol, issued_at DESC);
-- two expressions that queries compute: what a signal promises, and the day it belongs to
CREATE INDEX signal_edge_idx ON signals.signal ((confidence * expected_return) DESC);
CREATE INDEX signal_day_idx ON signals.signal (((issued_at AT TIME ZONE 'UTC')::date));

CREATE TABLE signals.outcome (
    signal_id   bigint PRIMARY KEY REFERENCES signals.signal ON DELETE CASCADE,
    return_rate double precision NOT NULL CHECK (return_rate >= -1),
    correct     boolean NOT NULL GENERATED ALWAYS AS (return_rate > 0) STORED,
    measured_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE signals.outcome IS 'What following a signal would have returned, from its issue to its expiry.';

-- Measures every signal that has expired: from the close of the last bar before its issue to that before its expiry.
CREATE FUNCTION signals.evaluate(of_span interval, until timestamptz) RETURNS bigint
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    measured bigint;
BEGIN
    INSERT INTO signals.outcome (signal_id, return_rate)
    SELECT s.signal_id,
           greatest(-1, (last.close / first.close - 1) * CASE s.direction WHEN 'long' THEN 1 ELSE -1 END)
    FROM signals.signal AS s
    CROSS JOIN LATERAL (
        SELECT close FROM market_history.bar AS b
        WHERE b.symbol = s.symbol AND b.span = of_span AND b.opened_at <= s.issued_at - of_span
        ORDER BY b.opened_at DESC LIMIT 1
    ) AS first
    CROSS JOIN LATERAL (
        SELECT close FROM market_history.bar AS b
        WHERE b.symbol = s.symbol AND b.span = of_span AND b.opened_at <= s.expires_at - of_span
        ORDER BY b.opened_at DESC LIMIT 1
    ) AS last
    WHERE s.expires_at <= until
    ON CONFLICT (signal_id) DO NOTHING;
    GET DIAGNOSTICS measured = ROW_COUNT;
    RETURN measured;
END;
$$;
COMMENT ON FUNCTION signals.evaluate IS 'Writes the outcome of expired signals; reads the published bars.';

CREATE MATERIALIZED VIEW signals.accuracy AS
SELECT s.strategy_id,
       s.symbol,
       count(*)                                                        AS signals,
       avg(o.correct::int)                                             AS hit_rate,
       avg(o.return_rate)                                              AS mean_return,
       -- how far the stated confidence was from what happened: 0 is perfect, 0.25 is a coin
       avg((s.confidence - o.correct::int) ^ 2)                        AS brier_score
FROM signals.outcome AS o
JOIN signals.signal AS s USING (signal_id)
GROUP BY s.strategy_id, s.symbol;
COMMENT ON MATERIALIZED VIEW signals.accuracy IS 'How often each strategy was right about each symbol.';
CREATE UNIQUE INDEX accuracy_key ON signals.accuracy (strategy_id, symbol);
