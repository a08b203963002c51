-- Prices as they arrive: appended in batches, cut by time, and the last one of each symbol beside them.
CREATE TABLE market_realtime.tick (
    occurred_at timestamptz NOT NULL,
    symbol      text NOT NULL,
    price       numeric(28, 8) NOT NULL CHECK (price > 0),
    size        numeric(28, 8) NOT NULL CHECK (size >= 0),
    venue       text NOT NULL
);
COMMENT ON TABLE market_realtime.tick IS 'Trades as the venues print them. They go after their retention; bars stay.';
CREATE INDEX tick_symbol_idx ON market_realtime.tick (symbol, occurred_at DESC) INCLUDE (price, size);
CREATE INDEX tick_time_idx ON market_realtime.tick USING brin (occurred_at) WITH (pages_per_range = 32);

CREATE TABLE market_realtime.quote (
    symbol     text PRIMARY KEY REFERENCES market_history.instrument,
    price      numeric(28, 8) NOT NULL CHECK (price > 0),
    updated_at timestamptz NOT NULL
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.01);
COMMENT ON TABLE market_realtime.quote IS 'The last price of each symbol, updated in place.';

CREATE TABLE market_realtime.rejected_tick (
    received_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    reason      text NOT NULL CHECK (reason IN ('unknown symbol', 'price', 'size', 'time')),
    tick        jsonb NOT NULL
);
COMMENT ON TABLE market_realtime.rejected_tick IS 'What was not taken in, and why, so that nothing is lost silently.';
CREATE INDEX rejected_tick_reason_idx ON market_realtime.rejected_tick (reason, received_at DESC);

-- One round trip for a batch: sorted out, appended, and the last prices moved on. Answers how many were taken in.
CREATE FUNCTION market_realtime.ingest(
    venue text, symbols text[], times timestamptz[], prices numeric[], sizes numeric[]
) RETURNS bigint
    LANGUAGE sql
BEGIN ATOMIC
    WITH batch AS MATERIALIZED (
        SELECT t.*,
               CASE
                   WHEN i.symbol IS NULL THEN 'unknown symbol'
                   WHEN t.price IS NULL OR t.price <= 0 THEN 'price'
                   WHEN t.size IS NULL OR t.size < 0 THEN 'size'
                   WHEN t.occurred_at IS NULL OR t.occurred_at > clock_timestamp() + interval '1 minute' THEN 'time'
               END AS reason
        FROM unnest(symbols, times, prices, sizes) AS t (symbol, occurred_at, price, size)
        LEFT JOIN market_history.instrument AS i USING (symbol)
    ), rejected AS (
        INSERT INTO market_realtime.rejected_tick (reason, tick)
        SELECT reason, jsonb_build_object('symbol', symbol, 'occurred_at', occurred_at, 'price', price, 'size', size)
        FROM batch
        WHERE reason IS NOT NULL
    ), quoted AS (
        INSERT INTO market_realtime.quote (symbol, price, updated_at)
        SELECT DISTINCT ON (symbol) symbol, price, occurred_at
        FROM batch
        WHERE reason IS NULL
        ORDER BY symbol, occurred_at DESC
        ON CONFLICT (symbol) DO UPDATE SET price = excluded.price, updated_at = excluded.updated_at
        WHERE excluded.updated_at > quote.updated_at
    ), taken AS (
        INSERT INTO market_realtime.tick (occurred_at, symbol, price, size, venue)
        SELECT occurred_at, symbol, price, size, ingest.venue
        FROM batch
        WHERE reason IS NULL
        RETURNING 1
    )
    SELECT count(*) FROM taken;
END;
COMMENT ON FUNCTION market_realtime.ingest IS 'Takes in a batch of ticks; what cannot be true goes to rejected_tick.';
