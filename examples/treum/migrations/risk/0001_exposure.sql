-- Limits and exposures, the measures computed from them, alerts, and stress scenarios.
CREATE TABLE risk.exposure_limit (
    account_id uuid NOT NULL,
    measure    text NOT NULL CHECK (measure IN ('gross', 'net', 'var', 'drawdown')),
    threshold  numeric(28, 8) NOT NULL CHECK (threshold > 0),
    PRIMARY KEY (account_id, measure)
);

CREATE TABLE risk.exposure (
    account_id  uuid NOT NULL,
    symbol      text NOT NULL,
    amount      numeric(28, 8) NOT NULL,
    observed_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (account_id, symbol, observed_at)
);

CREATE TABLE risk.scenario (
    scenario_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name        text NOT NULL UNIQUE,
    shocks      jsonb NOT NULL
);

CREATE TABLE risk_metrics.measurement (
    account_id  uuid NOT NULL,
    measure     text NOT NULL,
    value       double precision NOT NULL,
    scenario_id bigint REFERENCES risk.scenario,
    measured_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX measurement_account_idx ON risk_metrics.measurement (account_id, measure, measured_at DESC);
CREATE INDEX measurement_scenario_idx ON risk_metrics.measurement (scenario_id);

CREATE TABLE risk_alerts.alert (
    alert_id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id      uuid NOT NULL,
    measure         text NOT NULL,
    value           double precision NOT NULL,
    threshold       numeric(28, 8) NOT NULL,
    raised_at       timestamptz NOT NULL DEFAULT now(),
    acknowledged_at timestamptz
);
CREATE INDEX alert_open_idx ON risk_alerts.alert (account_id, raised_at DESC) WHERE acknowledged_at IS NULL;
