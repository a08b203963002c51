-- Orders, the trades that fill them, and the positions that follow. The database keeps the three consistent.
CREATE TABLE execution.orders (
    order_id        uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    account_id      uuid NOT NULL,
    client_order_id text NOT NULL,
    strategy_id     bigint,
    signal_id       bigint,
    symbol          text NOT NULL,
    side            text NOT NULL CHECK (side IN ('buy', 'sell')),
    kind            text NOT NULL CHECK (kind IN ('market', 'limit', 'stop', 'stop_limit')),
    time_in_force   text NOT NULL DEFAULT 'day' CHECK (time_in_force IN ('day', 'gtc', 'ioc', 'fok')),
    quantity        numeric(28, 8) NOT NULL CHECK (quantity > 0),
    limit_price     numeric(28, 8) CHECK (limit_price > 0),
    stop_price      numeric(28, 8) CHECK (stop_price > 0),
    filled_quantity numeric(28, 8) NOT NULL DEFAULT 0 CHECK (filled_quantity BETWEEN 0 AND quantity),
    status          text NOT NULL DEFAULT 'new'
        CHECK (status IN ('new', 'open', 'partially_filled', 'filled', 'cancelled', 'rejected', 'expired')),
    version         bigint NOT NULL DEFAULT 1,
    placed_at       timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now(),
    -- what a client sends twice is one order
    UNIQUE (account_id, client_order_id),
    CHECK (kind NOT IN ('limit', 'stop_limit') OR limit_price IS NOT NULL),
    CHECK (kind NOT IN ('stop', 'stop_limit') OR stop_price IS NOT NULL),
    CHECK ((filled_quantity = quantity) = (status = 'filled'))
) WITH (fillfactor = 85);
CREATE INDEX orders_account_idx ON execution.orders (account_id, placed_at DESC);
CREATE INDEX orders_working_idx ON execution.orders (symbol, side, limit_price)
    WHERE status IN ('new', 'open', 'partially_filled');
CREATE INDEX orders_strategy_idx ON execution.orders (strategy_id, placed_at DESC) WHERE strategy_id IS NOT NULL;

CREATE TABLE execution.trades (
    trade_id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    order_id       uuid NOT NULL REFERENCES execution.orders,
    account_id     uuid NOT NULL,
    symbol         text NOT NULL,
    side           text NOT NULL CHECK (side IN ('buy', 'sell')),
    quantity       numeric(28, 8) NOT NULL CHECK (quantity > 0),
    price          numeric(28, 8) NOT NULL CHECK (price > 0),
    fee            numeric(28, 8) NOT NULL DEFAULT 0 CHECK (fee >= 0),
    venue          text NOT NULL,
    venue_trade_id text NOT NULL,
    traded_at      timestamptz NOT NULL DEFAULT now(),
    -- a venue reports a trade again after it reconnects
    UNIQUE (venue, venue_trade_id)
);
CREATE INDEX trades_order_idx ON execution.trades (order_id);
CREATE INDEX trades_account_idx ON execution.trades (account_id, symbol, traded_at DESC);

CREATE TABLE execution.positions (
    account_id      uuid NOT NULL,
    symbol          text NOT NULL,
    quantity        numeric(28, 8) NOT NULL,
    average_price   numeric(28, 8) NOT NULL CHECK (average_price >= 0),
    realised_profit numeric(28, 8) NOT NULL DEFAULT 0,
    version         bigint NOT NULL DEFAULT 1,
    updated_at      timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (account_id, symbol)
) WITH (fillfactor = 70);
CREATE INDEX positions_symbol_idx ON execution.positions (symbol) WHERE quantity <> 0;

CREATE TABLE execution.execution_logs (
    logged_at timestamptz NOT NULL DEFAULT now(),
    order_id  uuid NOT NULL,
    event     text NOT NULL CHECK (event IN ('sent', 'acknowledged', 'filled', 'cancelled', 'rejected', 'error')),
    venue     text,
    detail    jsonb NOT NULL DEFAULT '{}'
);
CREATE INDEX execution_logs_order_idx ON execution.execution_logs (order_id, logged_at);
