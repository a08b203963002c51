-- Instruments, orders and their executions, and the positions that executions lead to.
CREATE TABLE trading.instrument (
    instrument_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    symbol        text NOT NULL UNIQUE CHECK (symbol ~ '^[A-Z0-9.]{1,16}$'),
    asset_class   text NOT NULL CHECK (asset_class IN ('equity', 'fund', 'bond', 'crypto', 'fx')),
    currency      char(3) NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    tick_size     numeric(18, 8) NOT NULL CHECK (tick_size > 0),
    lot_size      numeric(18, 8) NOT NULL DEFAULT 1 CHECK (lot_size > 0),
    tradable      boolean NOT NULL DEFAULT true
);
COMMENT ON TABLE trading.instrument IS 'What can be traded here; published.';

CREATE TABLE trading.orders (
    order_id        uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    account_id      uuid NOT NULL,
    client_ref      text NOT NULL CHECK (length(client_ref) BETWEEN 1 AND 64),
    exchange_ref    text,
    instrument_id   bigint NOT NULL REFERENCES trading.instrument,
    side            text NOT NULL CHECK (side IN ('buy', 'sell')),
    kind            text NOT NULL CHECK (kind IN ('market', 'limit', 'stop')),
    quantity        numeric(28, 8) NOT NULL CHECK (quantity > 0),
    filled_quantity numeric(28, 8) NOT NULL DEFAULT 0,
    limit_price     numeric(28, 8) CHECK (limit_price > 0),
    status          text NOT NULL DEFAULT 'new' CHECK (status IN ('new', 'open', 'filled', 'cancelled', 'rejected')),
    placed_at       timestamptz NOT NULL DEFAULT now(),
    -- an order that is sent twice is one order
    UNIQUE (account_id, client_ref),
    CHECK (filled_quantity BETWEEN 0 AND quantity),
    CHECK ((status = 'filled') = (filled_quantity = quantity)),
    CHECK ((kind = 'market') = (limit_price IS NULL))
) WITH (fillfactor = 85);
COMMENT ON TABLE trading.orders IS 'Orders and how far each is filled; filled_quantity follows from the executions.';
CREATE INDEX orders_account_idx ON trading.orders (account_id, placed_at DESC);
-- the matching loop reads open orders by price and needs nothing but this index
CREATE INDEX orders_book_idx ON trading.orders (instrument_id, side, limit_price, placed_at)
    INCLUDE (order_id, quantity, filled_quantity) WHERE status IN ('new', 'open');
-- an execution report names the order by the exchange's own reference, always exactly
CREATE INDEX orders_exchange_ref_idx ON trading.orders USING hash (exchange_ref);

CREATE TABLE trading.execution (
    execution_id    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    order_id        uuid NOT NULL REFERENCES trading.orders,
    venue           text NOT NULL,
    venue_ref       text NOT NULL,
    quantity        numeric(28, 8) NOT NULL CHECK (quantity > 0),
    price           numeric(28, 8) NOT NULL CHECK (price > 0),
    notional        numeric(36, 8) NOT NULL GENERATED ALWAYS AS (quantity * price) STORED,
    fee             numeric(18, 4) NOT NULL DEFAULT 0 CHECK (fee >= 0),
    realised_profit numeric(28, 8) NOT NULL DEFAULT 0,
    executed_at     timestamptz NOT NULL DEFAULT now(),
    UNIQUE (venue, venue_ref)
);
COMMENT ON TABLE trading.execution IS 'Fills as the venues report them; realised_profit is set when the fill is booked.';
CREATE INDEX execution_order_idx ON trading.execution (order_id) INCLUDE (quantity, price);
-- rows come in the order of their time, so a few pages say where a day lies
CREATE INDEX execution_time_idx ON trading.execution USING brin (executed_at) WITH (pages_per_range = 16);

CREATE TABLE trading.position (
    account_id      uuid NOT NULL,
    instrument_id   bigint NOT NULL REFERENCES trading.instrument,
    quantity        numeric(28, 8) NOT NULL,
    average_price   numeric(28, 8) NOT NULL CHECK (average_price >= 0),
    realised_profit numeric(28, 8) NOT NULL DEFAULT 0,
    updated_at      timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (account_id, instrument_id),
    CHECK ((quantity = 0) = (average_price = 0))
) WITH (fillfactor = 80);
COMMENT ON TABLE trading.position IS 'What each account holds of each instrument, at average cost; negative is short; published.';
CREATE INDEX position_open_idx ON trading.position (instrument_id) INCLUDE (account_id, quantity) WHERE quantity <> 0;
