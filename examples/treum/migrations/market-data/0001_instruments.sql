-- What prices are known of.
CREATE TABLE market_history.instrument (
    symbol      text PRIMARY KEY CHECK (symbol ~ '^[A-Z0-9.]{1,16}$'),
    name        text NOT NULL,
    asset_class text NOT NULL CHECK (asset_class IN ('equity', 'fund', 'bond', 'crypto', 'fx')),
    venue       text NOT NULL,
    currency    char(3) NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    listed_on   date NOT NULL,
    delisted_on date,
    CHECK (delisted_on > listed_on)
);
COMMENT ON TABLE market_history.instrument IS 'Every instrument with prices here; published, and what other services refer to.';
