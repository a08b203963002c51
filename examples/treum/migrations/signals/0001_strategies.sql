-- Strategies, the signals they give, and how well each signal did afterwards.
CREATE TABLE signals.strategy (
    strategy_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name        text NOT NULL UNIQUE,
    parameters  jsonb NOT NULL DEFAULT '{}',
    active      boolean NOT NULL DEFAULT true,
    created_at  timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE signals.signal (
    signal_id   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    strategy_id bigint NOT NULL REFERENCES signals.strategy,
    symbol      text NOT NULL,
    direction   text NOT NULL CHECK (direction IN ('long', 'short', 'flat')),
    confidence  numeric(5, 4) NOT NULL CHECK (confidence BETWEEN 0 AND 1),
    issued_at   timestamptz NOT NULL DEFAULT now(),
    expires_at  timestamptz,
    CHECK (expires_at > issued_at)
);
CREATE INDEX signal_strategy_idx ON signals.signal (strategy_id, issued_at DESC);
CREATE INDEX signal_symbol_idx ON signals.signal (symbol, issued_at DESC);

CREATE TABLE signals.outcome (
    signal_id   bigint PRIMARY KEY REFERENCES signals.signal ON DELETE CASCADE,
    return_rate double precision NOT NULL,
    measured_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE signals.regime (
    symbol     text NOT NULL,
    started_at timestamptz NOT NULL,
    regime     text NOT NULL CHECK (regime IN ('trend', 'range', 'volatile')),
    PRIMARY KEY (symbol, started_at)
);
