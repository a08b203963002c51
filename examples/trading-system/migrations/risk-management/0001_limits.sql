-- What may be risked, by whom and in what, and what happened when it came close.
CREATE TABLE risk_management.risk_limits (
    limit_id   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    scope      text NOT NULL CHECK (scope IN ('firm', 'account', 'strategy')),
    scope_id   text NOT NULL,
    measure    text NOT NULL CHECK (measure IN ('gross', 'net', 'drawdown', 'daily_loss', 'value_at_risk', 'leverage')),
    warn_at    numeric(28, 8) NOT NULL CHECK (warn_at > 0),
    threshold  numeric(28, 8) NOT NULL,
    active     boolean NOT NULL DEFAULT true,
    version    bigint NOT NULL DEFAULT 1,
    updated_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (scope, scope_id, measure),
    CHECK (threshold >= warn_at)
);

CREATE TABLE risk_management.position_limits (
    account_id   uuid NOT NULL,
    symbol       text NOT NULL,
    max_quantity numeric(28, 8) NOT NULL CHECK (max_quantity >= 0),
    max_notional numeric(28, 8) NOT NULL CHECK (max_notional >= 0),
    version      bigint NOT NULL DEFAULT 1,
    updated_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (account_id, symbol)
);

CREATE TABLE risk_management.risk_events (
    event_id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    limit_id        bigint REFERENCES risk_management.risk_limits,
    account_id      uuid NOT NULL,
    order_id        uuid,
    severity        text NOT NULL CHECK (severity IN ('info', 'warning', 'breach')),
    observed        numeric(28, 8) NOT NULL,
    detail          jsonb NOT NULL DEFAULT '{}',
    raised_at       timestamptz NOT NULL DEFAULT now(),
    acknowledged_at timestamptz,
    acknowledged_by text,
    CHECK ((acknowledged_at IS NULL) = (acknowledged_by IS NULL))
);
CREATE INDEX risk_events_open_idx ON risk_management.risk_events (severity, raised_at DESC)
    WHERE acknowledged_at IS NULL;
CREATE INDEX risk_events_account_idx ON risk_management.risk_events (account_id, raised_at DESC);
CREATE INDEX risk_events_limit_idx ON risk_management.risk_events (limit_id, raised_at DESC);
