-- Strategies, the signals they give, and how they did.
CREATE TABLE strategy_engine.strategies (
    strategy_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name        text NOT NULL UNIQUE,
    kind        text NOT NULL CHECK (kind IN ('momentum', 'mean_reversion', 'pairs', 'breakout', 'machine_learning')),
    parameters  jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(parameters) = 'object'),
    status      text NOT NULL DEFAULT 'draft' CHECK (status IN ('draft', 'paper', 'live', 'stopped')),
    version     bigint NOT NULL DEFAULT 1,
    created_at  timestamptz NOT NULL DEFAULT now(),
    updated_at  timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX strategies_parameters_idx ON strategy_engine.strategies USING gin (parameters jsonb_path_ops);

CREATE TABLE strategy_engine.strategy_signals (
    signal_id    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    strategy_id  bigint NOT NULL REFERENCES strategy_engine.strategies,
    symbol       text NOT NULL,
    direction    text NOT NULL CHECK (direction IN ('buy', 'sell', 'hold')),
    strength     double precision NOT NULL CHECK (strength BETWEEN 0 AND 1),
    price        numeric(28, 8) NOT NULL CHECK (price > 0),
    generated_at timestamptz NOT NULL DEFAULT now(),
    expires_at   timestamptz NOT NULL,
    CHECK (expires_at > generated_at)
);
CREATE INDEX strategy_signals_strategy_idx ON strategy_engine.strategy_signals (strategy_id, generated_at DESC);
CREATE INDEX strategy_signals_symbol_idx ON strategy_engine.strategy_signals (symbol, generated_at DESC)
    WHERE direction <> 'hold';

CREATE TABLE strategy_engine.strategy_performance (
    strategy_id bigint NOT NULL REFERENCES strategy_engine.strategies,
    as_of       date NOT NULL,
    trades      integer NOT NULL CHECK (trades >= 0),
    hits        integer NOT NULL CHECK (hits BETWEEN 0 AND trades),
    profit      numeric(28, 8) NOT NULL,
    drawdown    double precision NOT NULL CHECK (drawdown BETWEEN 0 AND 1),
    sharpe      double precision,
    PRIMARY KEY (strategy_id, as_of)
);
