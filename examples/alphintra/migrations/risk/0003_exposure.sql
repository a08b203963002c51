-- How much is at stake, measured again and again, and the alerts that follow.

CREATE TABLE risk.exposures (
    user_id        uuid NOT NULL,
    measured_at    timestamptz NOT NULL,
    gross          numeric(20, 4) NOT NULL,
    net            numeric(20, 4) NOT NULL,
    equity         numeric(20, 4) NOT NULL CONSTRAINT exposures_equity_positive CHECK (equity > 0),
    leverage       numeric GENERATED ALWAYS AS (gross / equity) STORED,
    value_at_risk  numeric(20, 4) NOT NULL CONSTRAINT exposures_var_not_negative CHECK (value_at_risk >= 0),
    PRIMARY KEY (user_id, measured_at),
    CONSTRAINT exposures_net_within_gross CHECK (abs(net) <= gross)
);
COMMENT ON TABLE risk.exposures IS 'Published. value_at_risk: one day, 99 %.';

CREATE TABLE risk.alerts (
    alert_id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id         uuid NOT NULL,
    rule_id         bigint NOT NULL REFERENCES risk.risk_rules,
    measured        numeric(20, 4) NOT NULL,
    raised_at       timestamptz NOT NULL DEFAULT now(),
    acknowledged_at timestamptz,
    acknowledged_by uuid,
    CONSTRAINT alerts_acknowledged_by_somebody CHECK ((acknowledged_at IS NULL) = (acknowledged_by IS NULL)),
    CONSTRAINT alerts_acknowledged_later CHECK (acknowledged_at >= raised_at)
);
CREATE UNIQUE INDEX alerts_open_key ON risk.alerts (rule_id) WHERE acknowledged_at IS NULL;
COMMENT ON INDEX risk.alerts_open_key IS 'A rule that is broken again while its alert is open raises no second one.';
CREATE INDEX alerts_user_idx ON risk.alerts (user_id, raised_at DESC);
CREATE TRIGGER alerts_audited AFTER INSERT OR UPDATE OR DELETE ON risk.alerts
    FOR EACH ROW EXECUTE FUNCTION risk.record_change('alert_id');
