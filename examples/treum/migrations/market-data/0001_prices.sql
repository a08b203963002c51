-- Prices as they arrive, in partitions so that old ones are dropped and not deleted.
CREATE TABLE market_realtime.tick (
    symbol      text NOT NULL,
    occurred_at timestamptz NOT NULL,
    price       numeric(28, 8) NOT NULL CHECK (price > 0),
    size        numeric(28, 8) NOT NULL CHECK (size >= 0),
    venue       text NOT NULL
) PARTITION BY RANGE (occurred_at);
CREATE TABLE market_realtime.tick_rest PARTITION OF market_realtime.tick DEFAULT;
CREATE INDEX tick_symbol_idx ON market_realtime.tick (symbol, occurred_at DESC);

CREATE TABLE market_realtime.quote (
    symbol     text PRIMARY KEY,
    bid        numeric(28, 8) NOT NULL CHECK (bid > 0),
    ask        numeric(28, 8) NOT NULL CHECK (ask >= bid),
    updated_at timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 70);

CREATE TABLE market_history.bar (
    symbol    text NOT NULL,
    span      interval NOT NULL CHECK (span > interval '0'),
    opened_at timestamptz NOT NULL,
    open      numeric(28, 8) NOT NULL,
    high      numeric(28, 8) NOT NULL,
    low       numeric(28, 8) NOT NULL,
    close     numeric(28, 8) NOT NULL,
    volume    numeric(28, 8) NOT NULL CHECK (volume >= 0),
    PRIMARY KEY (symbol, span, opened_at),
    CHECK (low <= least(open, close) AND high >= greatest(open, close))
);
CREATE INDEX bar_time_idx ON market_history.bar USING brin (opened_at);

CREATE TABLE market_history.indicator (
    symbol      text NOT NULL,
    name        text NOT NULL,
    computed_at timestamptz NOT NULL,
    value       double precision NOT NULL,
    PRIMARY KEY (symbol, name, computed_at)
);
