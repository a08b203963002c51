-- LEGACY. The trading service, as if it had the database to itself: its trades have other columns and exact amounts.

\connect alphintra
SET ROLE alphintra;

CREATE TABLE IF NOT EXISTS trades (
    trade_uuid  UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    order_id    UUID NOT NULL,
    symbol      VARCHAR(20) NOT NULL,
    quantity    NUMERIC(20, 8) NOT NULL,
    price       NUMERIC(20, 8) NOT NULL,
    executed_at TIMESTAMPTZ DEFAULT now()
);
CREATE INDEX idx_trades_executed_at ON trades (executed_at);

CREATE TABLE orders (
    order_id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    symbol   VARCHAR(20) NOT NULL,
    quantity NUMERIC(20, 8) NOT NULL,
    status   VARCHAR(20) DEFAULT 'new'
);

CREATE TABLE positions (
    symbol   VARCHAR(20) PRIMARY KEY,
    quantity NUMERIC(20, 8) NOT NULL
);
