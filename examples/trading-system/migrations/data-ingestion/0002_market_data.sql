-- Bars as they arrive. The declaration says that the table is cut by time, and how long it is kept.
CREATE TABLE data_ingestion.market_data (
    symbol      text NOT NULL,
    source      text NOT NULL,
    occurred_at timestamptz NOT NULL,
    open        numeric(28, 8) NOT NULL CHECK (open > 0),
    high        numeric(28, 8) NOT NULL,
    low         numeric(28, 8) NOT NULL CHECK (low > 0),
    close       numeric(28, 8) NOT NULL CHECK (close > 0),
    volume      numeric(28, 8) NOT NULL CHECK (volume >= 0),
    received_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (symbol, occurred_at, source),
    CHECK (low <= least(open, close) AND high >= greatest(open, close))
);
-- who follows the feed asks for everything since a moment; arrival is nearly the order on disk, so a BRIN is enough
CREATE INDEX market_data_received_idx ON data_ingestion.market_data USING brin (received_at);

-- A feed repeats itself after it reconnects: the last word for a bar counts.
CREATE PROCEDURE data_ingestion.take_bar(
    of_symbol text, of_source text, at timestamptz, o numeric, h numeric, l numeric, c numeric, v numeric
)
    LANGUAGE sql
BEGIN ATOMIC
    INSERT INTO data_ingestion.market_data (symbol, source, occurred_at, open, high, low, close, volume)
    VALUES (of_symbol, of_source, at, o, h, l, c, v)
    ON CONFLICT (symbol, occurred_at, source) DO UPDATE
    SET open = excluded.open, high = excluded.high, low = excluded.low, close = excluded.close,
        volume = excluded.volume, received_at = now();
END;
