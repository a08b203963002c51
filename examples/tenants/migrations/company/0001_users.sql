-- One company's own schema. Every company runs these files: names without a schema are found in the company's own.
CREATE TABLE users (
    user_id             text PRIMARY KEY CHECK (user_id ~ '^[A-Za-z0-9_.@-]{1,50}$'),
    email               text NOT NULL CHECK (email ~ '^[^@\s]+@[^@\s]+$'),
    subscription_tier   text NOT NULL DEFAULT 'free' CHECK (subscription_tier IN ('free', 'pro', 'enterprise')),
    subscription_limits jsonb NOT NULL DEFAULT '{"max_mt5_accounts": 1, "max_pairs": 3}'
        CHECK ((subscription_limits ->> 'max_mt5_accounts')::integer >= 0
            AND (subscription_limits ->> 'max_pairs')::integer >= 0),
    subscription_at     timestamptz NOT NULL DEFAULT '-infinity',
    created_at          timestamptz NOT NULL DEFAULT now(),
    updated_at          timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX users_email_key ON users (lower(email));

CREATE TABLE mt5_accounts (
    account_id     bigint PRIMARY KEY,
    user_id        text NOT NULL REFERENCES users,
    account_number text NOT NULL,
    broker         text NOT NULL,
    account_type   text NOT NULL CHECK (account_type IN ('demo', 'live')),
    balance        numeric(18, 2) NOT NULL DEFAULT 0,
    equity         numeric(18, 2) NOT NULL DEFAULT 0,
    margin         numeric(18, 2) NOT NULL DEFAULT 0 CHECK (margin >= 0),
    status         text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'suspended', 'closed')),
    created_at     timestamptz NOT NULL DEFAULT now(),
    UNIQUE (broker, account_number)
);
CREATE INDEX mt5_accounts_user_idx ON mt5_accounts (user_id) WHERE status <> 'closed';

CREATE TABLE trading_history (
    closed_at  timestamptz NOT NULL,
    account_id bigint NOT NULL REFERENCES mt5_accounts,
    ticket     bigint NOT NULL,
    symbol     text NOT NULL,
    side       text NOT NULL CHECK (side IN ('buy', 'sell')),
    volume     numeric(18, 8) NOT NULL CHECK (volume > 0),
    open_price numeric(20, 8) NOT NULL CHECK (open_price > 0),
    price      numeric(20, 8) NOT NULL CHECK (price > 0),
    profit     numeric(18, 2) NOT NULL,
    opened_at  timestamptz NOT NULL,
    PRIMARY KEY (account_id, ticket, closed_at),
    CHECK (closed_at >= opened_at)
);
CREATE INDEX trading_history_account_idx ON trading_history (account_id, closed_at DESC);
CREATE INDEX trading_history_symbol_idx ON trading_history (symbol, closed_at DESC);

-- A user never has more accounts than the subscription allows, whoever else is adding one at the same time.
CREATE FUNCTION check_account_limit() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path FROM CURRENT
AS $$
DECLARE
    allowed integer;
    had     bigint;
BEGIN
    SELECT (subscription_limits ->> 'max_mt5_accounts')::integer INTO allowed
    FROM users WHERE user_id = new.user_id FOR NO KEY UPDATE;
    SELECT count(*) INTO had
    FROM mt5_accounts WHERE user_id = new.user_id AND status <> 'closed' AND account_id <> new.account_id;
    IF had >= allowed THEN
        RAISE EXCEPTION 'user % has % of % accounts', new.user_id, had, allowed USING ERRCODE = 'check_violation';
    END IF;
    RETURN new;
END;
$$;
CREATE TRIGGER mt5_accounts_limit BEFORE INSERT OR UPDATE OF user_id, status ON mt5_accounts
    FOR EACH ROW WHEN (new.status <> 'closed') EXECUTE FUNCTION check_account_limit();
