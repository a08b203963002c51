-- Instruments, orders and their executions. Open orders are what the matching loop reads.
CREATE TABLE trading.instrument (
    instrument_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    symbol        text NOT NULL UNIQUE,
    asset_class   text NOT NULL CHECK (asset_class IN ('equity', 'fund', 'bond', 'crypto', 'fx')),
    currency      char(3) NOT NULL,
    tick_size     numeric(18, 8) NOT NULL CHECK (tick_size > 0)
);

CREATE TABLE trading.orders (
    order_id      uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    account_id    uuid NOT NULL,
    instrument_id bigint NOT NULL REFERENCES trading.instrument,
    side          text NOT NULL CHECK (side IN ('buy', 'sell')),
    kind          text NOT NULL CHECK (kind IN ('market', 'limit', 'stop')),
    quantity      numeric(28, 8) NOT NULL CHECK (quantity > 0),
    limit_price   numeric(28, 8) CHECK (limit_price > 0),
    status        text NOT NULL DEFAULT 'new'
        CHECK (status IN ('new', 'open', 'filled', 'cancelled', 'rejected')),
    placed_at     timestamptz NOT NULL DEFAULT now(),
    CHECK (kind <> 'limit' OR limit_price IS NOT NULL)
);
CREATE INDEX orders_account_idx ON trading.orders (account_id, placed_at DESC);
CREATE INDEX orders_instrument_idx ON trading.orders (instrument_id);
CREATE INDEX orders_open_idx ON trading.orders (instrument_id, side, limit_price) WHERE status IN ('new', 'open');

CREATE TABLE trading.execution (
    execution_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    order_id     uuid NOT NULL REFERENCES trading.orders,
    quantity     numeric(28, 8) NOT NULL CHECK (quantity > 0),
    price        numeric(28, 8) NOT NULL CHECK (price > 0),
    fee          numeric(28, 8) NOT NULL DEFAULT 0 CHECK (fee >= 0),
    executed_at  timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX execution_order_idx ON trading.execution (order_id);
CREATE INDEX execution_time_idx ON trading.execution USING brin (executed_at);

CREATE TABLE trading.position (
    account_id    uuid NOT NULL,
    instrument_id bigint NOT NULL REFERENCES trading.instrument,
    quantity      numeric(28, 8) NOT NULL,
    average_price numeric(28, 8) NOT NULL CHECK (average_price >= 0),
    updated_at    timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (account_id, instrument_id)
);
CREATE INDEX position_instrument_idx ON trading.position (instrument_id);
