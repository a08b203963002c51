-- What may be traded, what is known about it, and how complete that knowledge is.
CREATE TABLE data_ingestion.symbols (
    symbol      text PRIMARY KEY CHECK (symbol ~ '^[A-Z0-9][A-Z0-9.^=-]{0,19}$'),
    name        text NOT NULL,
    exchange    text NOT NULL,
    asset_class text NOT NULL CHECK (asset_class IN ('equity', 'etf', 'index', 'fx', 'crypto')),
    currency    text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    sector      text,
    status      text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'halted', 'delisted')),
    listed_on   date,
    added_at    timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX symbols_tradable_idx ON data_ingestion.symbols (exchange, sector) WHERE status = 'active';

CREATE TABLE data_ingestion.delisted_symbols (
    symbol      text PRIMARY KEY REFERENCES data_ingestion.symbols,
    delisted_on date NOT NULL,
    reason      text NOT NULL CHECK (reason IN ('merger', 'bankruptcy', 'voluntary', 'rule', 'other')),
    last_price  numeric(28, 8) CHECK (last_price >= 0),
    successor   text REFERENCES data_ingestion.symbols CHECK (successor <> symbol),
    recorded_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX delisted_symbols_successor_idx ON data_ingestion.delisted_symbols (successor) WHERE successor IS NOT NULL;

-- Both tables say that a symbol is gone, so one function says it in both.
CREATE FUNCTION data_ingestion.delist(gone text, gone_on date, because text, replaced_by text DEFAULT NULL)
    RETURNS void
    LANGUAGE plpgsql
AS $$
BEGIN
    UPDATE data_ingestion.symbols SET status = 'delisted' WHERE symbol = gone;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'no symbol %', gone USING ERRCODE = 'no_data_found';
    END IF;
    INSERT INTO data_ingestion.delisted_symbols (symbol, delisted_on, reason, successor)
    VALUES (gone, gone_on, because, replaced_by);
END;
$$;

CREATE TABLE data_ingestion.company_info (
    symbol      text PRIMARY KEY REFERENCES data_ingestion.symbols,
    legal_name  text NOT NULL,
    country     text NOT NULL CHECK (country ~ '^[A-Z]{2}$'),
    industry    text,
    employees   integer CHECK (employees >= 0),
    website     text,
    officers    jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(officers) = 'array'),
    refreshed_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE data_ingestion.key_statistics (
    symbol         text NOT NULL REFERENCES data_ingestion.symbols,
    as_of          date NOT NULL,
    market_cap     numeric(28, 2) CHECK (market_cap >= 0),
    shares         numeric(28, 0) CHECK (shares >= 0),
    price_earnings double precision,
    dividend_yield double precision CHECK (dividend_yield >= 0),
    beta           double precision,
    PRIMARY KEY (symbol, as_of)
);

CREATE TABLE data_ingestion.institutional_holders (
    symbol      text NOT NULL REFERENCES data_ingestion.symbols,
    holder      text NOT NULL,
    reported_on date NOT NULL,
    shares      numeric(28, 0) NOT NULL CHECK (shares > 0),
    value       numeric(28, 2) CHECK (value >= 0),
    share       numeric(7, 6) CHECK (share BETWEEN 0 AND 1),
    PRIMARY KEY (symbol, holder, reported_on)
);
CREATE INDEX institutional_holders_holder_idx ON data_ingestion.institutional_holders (holder, reported_on DESC);
