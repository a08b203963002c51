-- What the trading engine keeps for all companies in the same tables. Every key begins with the company: whether another
-- company has a row can then not be asked by trying to insert its key, or to refer to it.
CREATE TABLE trading.market_data (
    company_id  text NOT NULL,
    user_id     text,
    symbol      text NOT NULL,
    received_at timestamptz NOT NULL DEFAULT now(),
    entry_id    uuid NOT NULL DEFAULT gen_random_uuid(),
    tick_data   jsonb NOT NULL,
    PRIMARY KEY (company_id, symbol, received_at, entry_id)
);

ALTER TABLE trading.market_data ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY market_data_company ON trading.market_data
    USING (company_id = (SELECT trading.current_company()))
    WITH CHECK (company_id = (SELECT trading.current_company()));
-- a row without a person is the company's: its people read it, a job of the company writes it
CREATE POLICY market_data_reads ON trading.market_data AS RESTRICTIVE FOR SELECT
    USING (user_id IS NULL OR (SELECT trading.current_person()) IN ('*', user_id));
CREATE POLICY market_data_inserts ON trading.market_data AS RESTRICTIVE FOR INSERT
    WITH CHECK ((SELECT trading.current_person()) IN ('*', user_id));
CREATE POLICY market_data_updates ON trading.market_data AS RESTRICTIVE FOR UPDATE
    USING ((SELECT trading.current_person()) IN ('*', user_id))
    WITH CHECK ((SELECT trading.current_person()) IN ('*', user_id));
CREATE POLICY market_data_deletes ON trading.market_data AS RESTRICTIVE FOR DELETE
    USING ((SELECT trading.current_person()) IN ('*', user_id));

CREATE TABLE trading.trading_ticks (
    time       timestamptz NOT NULL,
    company_id text NOT NULL,
    user_id    text NOT NULL,
    symbol     text NOT NULL,
    -- five decimals and ten digits in all do not hold a bitcoin's price
    bid        numeric(20, 8) NOT NULL CHECK (bid > 0),
    ask        numeric(20, 8) NOT NULL,
    volume     bigint NOT NULL CHECK (volume >= 0),
    spread     numeric(20, 8) GENERATED ALWAYS AS (ask - bid) STORED,
    CHECK (ask >= bid)
);
CREATE INDEX trading_ticks_company_idx ON trading.trading_ticks (company_id, symbol, time DESC);

ALTER TABLE trading.trading_ticks ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY trading_ticks_company ON trading.trading_ticks
    USING (company_id = (SELECT trading.current_company()))
    WITH CHECK (company_id = (SELECT trading.current_company()));
CREATE POLICY trading_ticks_person ON trading.trading_ticks AS RESTRICTIVE
    USING ((SELECT trading.current_person()) IN ('*', user_id))
    WITH CHECK ((SELECT trading.current_person()) IN ('*', user_id));

CREATE TABLE trading.trading_signals (
    company_id text NOT NULL,
    signal_id  uuid NOT NULL DEFAULT gen_random_uuid(),
    user_id    text NOT NULL,
    symbol     text NOT NULL,
    direction  text NOT NULL CHECK (direction IN ('buy', 'sell', 'hold')),
    price      numeric(20, 8) NOT NULL CHECK (price > 0),
    payload    jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (company_id, signal_id)
);
CREATE INDEX trading_signals_recent_idx ON trading.trading_signals (company_id, symbol, created_at DESC);

ALTER TABLE trading.trading_signals ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY trading_signals_company ON trading.trading_signals
    USING (company_id = (SELECT trading.current_company()))
    WITH CHECK (company_id = (SELECT trading.current_company()));
CREATE POLICY trading_signals_person ON trading.trading_signals AS RESTRICTIVE
    USING ((SELECT trading.current_person()) IN ('*', user_id))
    WITH CHECK ((SELECT trading.current_person()) IN ('*', user_id));

CREATE TABLE trading.executions (
    company_id   text NOT NULL,
    execution_id uuid NOT NULL DEFAULT gen_random_uuid(),
    user_id      text NOT NULL,
    signal_id    uuid,
    account_id   bigint NOT NULL,
    symbol       text NOT NULL,
    side         text NOT NULL CHECK (side IN ('buy', 'sell')),
    volume       numeric(18, 8) NOT NULL CHECK (volume > 0),
    price        numeric(20, 8) NOT NULL CHECK (price > 0),
    profit       numeric(18, 2),
    executed_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (company_id, execution_id),
    FOREIGN KEY (company_id, signal_id) REFERENCES trading.trading_signals
);
CREATE INDEX executions_signal_idx ON trading.executions (company_id, signal_id) WHERE signal_id IS NOT NULL;
CREATE INDEX executions_account_idx ON trading.executions (company_id, account_id, executed_at DESC);

ALTER TABLE trading.executions ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY executions_company ON trading.executions
    USING (company_id = (SELECT trading.current_company()))
    WITH CHECK (company_id = (SELECT trading.current_company()));
CREATE POLICY executions_person ON trading.executions AS RESTRICTIVE
    USING ((SELECT trading.current_person()) IN ('*', user_id))
    WITH CHECK ((SELECT trading.current_person()) IN ('*', user_id));

CREATE TABLE trading.positions (
    company_id    text NOT NULL,
    user_id       text NOT NULL,
    account_id    bigint NOT NULL,
    symbol        text NOT NULL,
    volume        numeric(18, 8) NOT NULL,
    average_price numeric(20, 8) NOT NULL CHECK (average_price >= 0),
    updated_at    timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (company_id, account_id, symbol)
) WITH (fillfactor = 70);

ALTER TABLE trading.positions ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY positions_company ON trading.positions
    USING (company_id = (SELECT trading.current_company()))
    WITH CHECK (company_id = (SELECT trading.current_company()));
CREATE POLICY positions_person ON trading.positions AS RESTRICTIVE
    USING ((SELECT trading.current_person()) IN ('*', user_id))
    WITH CHECK ((SELECT trading.current_person()) IN ('*', user_id));
