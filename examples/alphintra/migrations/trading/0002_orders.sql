-- Instruments, orders, trades and positions. What has been traded is what the trades say: an order's filled quantity
-- and a position follow from them in the same transaction and cannot be written by hand.

CREATE TABLE trading.instruments (
    instrument_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    symbol        text NOT NULL CONSTRAINT instruments_symbol_form CHECK (symbol ~ '^[A-Z0-9./-]{1,24}$'),
    asset_class   text NOT NULL
        CONSTRAINT instruments_class_known CHECK (asset_class IN ('equity', 'fund', 'fx', 'crypto', 'future')),
    currency      char(3) NOT NULL CONSTRAINT instruments_currency_form CHECK (currency ~ '^[A-Z]{3}$'),
    tick_size     numeric(18, 8) NOT NULL CONSTRAINT instruments_tick_positive CHECK (tick_size > 0),
    lot_size      numeric(18, 8) NOT NULL DEFAULT 1 CONSTRAINT instruments_lot_positive CHECK (lot_size > 0),
    listed        boolean NOT NULL DEFAULT true,
    CONSTRAINT instruments_symbol_key UNIQUE (symbol)
);
COMMENT ON TABLE trading.instruments IS 'Published: strategy and broker read it.';

CREATE TABLE trading.orders (
    order_id        uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    client_order_id text NOT NULL CONSTRAINT orders_client_id_sane CHECK (length(client_order_id) BETWEEN 1 AND 64),
    user_id         uuid NOT NULL,
    strategy_id     uuid,
    instrument_id   bigint NOT NULL REFERENCES trading.instruments,
    side            text NOT NULL CONSTRAINT orders_side_known CHECK (side IN ('buy', 'sell')),
    kind            text NOT NULL CONSTRAINT orders_kind_known CHECK (kind IN ('market', 'limit', 'stop', 'stop_limit')),
    quantity        numeric(28, 8) NOT NULL CONSTRAINT orders_quantity_positive CHECK (quantity > 0),
    limit_price     numeric(28, 8) CONSTRAINT orders_limit_positive CHECK (limit_price > 0),
    stop_price      numeric(28, 8) CONSTRAINT orders_stop_positive CHECK (stop_price > 0),
    filled_quantity numeric(28, 8) NOT NULL DEFAULT 0,
    status          text NOT NULL DEFAULT 'new'
        CONSTRAINT orders_status_known CHECK (status IN ('new', 'open', 'filled', 'cancelled', 'rejected')),
    placed_at       timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now(),
    row_version     bigint NOT NULL DEFAULT 1,
    CONSTRAINT orders_client_key UNIQUE (user_id, client_order_id),
    CONSTRAINT orders_priced_as_their_kind CHECK (
        (limit_price IS NOT NULL) = (kind IN ('limit', 'stop_limit'))
        AND (stop_price IS NOT NULL) = (kind IN ('stop', 'stop_limit'))
    ),
    CONSTRAINT orders_never_overfilled CHECK (filled_quantity BETWEEN 0 AND quantity),
    CONSTRAINT orders_filled_means_all CHECK ((status = 'filled') = (filled_quantity = quantity))
);
COMMENT ON COLUMN trading.orders.client_order_id IS 'The client''s own id: sending an order twice makes one order.';
COMMENT ON COLUMN trading.orders.strategy_id IS 'strategy.trading_strategies; empty when a person placed it.';
CREATE INDEX orders_of_user_idx ON trading.orders (user_id, placed_at DESC);
CREATE INDEX orders_book_idx ON trading.orders (instrument_id, side, limit_price) INCLUDE (quantity, filled_quantity)
    WHERE status IN ('new', 'open');
CREATE INDEX orders_strategy_idx ON trading.orders (strategy_id, placed_at) WHERE strategy_id IS NOT NULL;
CREATE TRIGGER orders_version BEFORE UPDATE ON trading.orders
    FOR EACH ROW EXECUTE FUNCTION trading.next_version();
CREATE TRIGGER orders_audited AFTER INSERT OR UPDATE OR DELETE ON trading.orders
    FOR EACH ROW EXECUTE FUNCTION trading.record_change('order_id');

CREATE TABLE trading.trades (
    trade_id    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    order_id    uuid NOT NULL REFERENCES trading.orders,
    venue_ref   text NOT NULL,
    quantity    numeric(28, 8) NOT NULL CONSTRAINT trades_quantity_positive CHECK (quantity > 0),
    price       numeric(28, 8) NOT NULL CONSTRAINT trades_price_positive CHECK (price > 0),
    fee         numeric(28, 8) NOT NULL DEFAULT 0 CONSTRAINT trades_fee_not_negative CHECK (fee >= 0),
    notional    numeric GENERATED ALWAYS AS (quantity * price) STORED,
    executed_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT trades_venue_key UNIQUE (venue_ref)
);
COMMENT ON COLUMN trading.trades.venue_ref IS 'The venue''s id of the execution: reporting it twice books it once.';
CREATE INDEX trades_order_idx ON trading.trades (order_id) INCLUDE (quantity, price, fee);
CREATE INDEX trades_executed_idx ON trading.trades USING brin (executed_at);
CREATE TRIGGER trades_audited AFTER INSERT ON trading.trades
    FOR EACH ROW EXECUTE FUNCTION trading.record_change('trade_id');

CREATE TABLE trading.positions (
    user_id       uuid NOT NULL,
    instrument_id bigint NOT NULL REFERENCES trading.instruments,
    quantity      numeric(28, 8) NOT NULL DEFAULT 0,
    cost          numeric NOT NULL DEFAULT 0,
    average_price numeric GENERATED ALWAYS AS (CASE WHEN quantity <> 0 THEN cost / quantity END) STORED,
    updated_at    timestamptz NOT NULL DEFAULT now(),
    row_version   bigint NOT NULL DEFAULT 1,
    PRIMARY KEY (user_id, instrument_id)
);
COMMENT ON TABLE trading.positions IS 'Published: risk reads it. Follows from trades; signed, a short position is negative.';
COMMENT ON COLUMN trading.positions.cost IS 'What the open quantity cost, signed as it is.';
CREATE INDEX positions_open_idx ON trading.positions (instrument_id) INCLUDE (user_id, quantity, cost) WHERE quantity <> 0;
