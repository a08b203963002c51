-- Risk rules and what they decided. At any moment at most one rule of a kind holds for a person and an instrument, so
-- that no order is judged by two limits.

CREATE TABLE risk.risk_rules (
    rule_id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id       uuid NOT NULL,
    instrument_id bigint,
    kind          text NOT NULL CONSTRAINT risk_rules_kind_known
        CHECK (kind IN ('max_order_value', 'max_position', 'max_daily_loss', 'max_leverage')),
    threshold     numeric(20, 4) NOT NULL CONSTRAINT risk_rules_threshold_positive CHECK (threshold > 0),
    action        text NOT NULL DEFAULT 'block' CONSTRAINT risk_rules_action_known CHECK (action IN ('warn', 'block')),
    valid_during  tstzrange NOT NULL DEFAULT tstzrange(now(), NULL)
        CONSTRAINT risk_rules_period_sane CHECK (NOT isempty(valid_during)),
    set_by        uuid NOT NULL,
    updated_at    timestamptz NOT NULL DEFAULT now(),
    row_version   bigint NOT NULL DEFAULT 1,
    -- 0 stands for every instrument: two rules for all of them must meet each other here
    CONSTRAINT risk_rules_one_at_a_time EXCLUDE USING gist
        (user_id WITH =, (coalesce(instrument_id, 0)) WITH =, kind WITH =, valid_during WITH &&)
);
COMMENT ON COLUMN risk.risk_rules.instrument_id IS 'trading.instruments; empty: all of them.';
CREATE TRIGGER risk_rules_version BEFORE UPDATE ON risk.risk_rules
    FOR EACH ROW EXECUTE FUNCTION risk.next_version();
CREATE TRIGGER risk_rules_audited AFTER INSERT OR UPDATE OR DELETE ON risk.risk_rules
    FOR EACH ROW EXECUTE FUNCTION risk.record_change('rule_id');

CREATE TABLE risk.risk_assessments (
    assessment_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    order_id      uuid NOT NULL,
    user_id       uuid NOT NULL,
    order_value   numeric(20, 4) NOT NULL CONSTRAINT risk_assessments_value_not_negative CHECK (order_value >= 0),
    decision      text NOT NULL
        CONSTRAINT risk_assessments_decision_known CHECK (decision IN ('passed', 'warned', 'blocked')),
    rule_id       bigint REFERENCES risk.risk_rules,
    assessed_at   timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT risk_assessments_names_its_rule CHECK ((decision = 'passed') = (rule_id IS NULL))
);
COMMENT ON COLUMN risk.risk_assessments.order_id IS 'trading.orders';
CREATE INDEX risk_assessments_order_idx ON risk.risk_assessments (order_id);
CREATE INDEX risk_assessments_rule_idx ON risk.risk_assessments (rule_id) WHERE rule_id IS NOT NULL;
CREATE INDEX risk_assessments_blocked_idx ON risk.risk_assessments (user_id, assessed_at DESC) WHERE decision = 'blocked';

-- Judges an order by the rules that hold now and writes down what it decided, in one statement of the caller.
CREATE FUNCTION risk.assess(an_order uuid, someone uuid, instrument bigint, worth numeric) RETURNS text
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    broken risk.risk_rules;
    verdict text;
BEGIN
    SELECT * INTO broken
    FROM risk.risk_rules
    WHERE user_id = someone AND kind = 'max_order_value' AND valid_during @> now()
      AND (instrument_id IS NULL OR instrument_id = instrument) AND threshold < worth
    -- what blocks comes before what warns, then the tighter rule
    ORDER BY action, threshold
    LIMIT 1;
    verdict := CASE broken.action WHEN 'block' THEN 'blocked' WHEN 'warn' THEN 'warned' ELSE 'passed' END;
    INSERT INTO risk.risk_assessments (order_id, user_id, order_value, decision, rule_id)
    VALUES (an_order, someone, worth, verdict, broken.rule_id);
    RETURN verdict;
END;
$$;
COMMENT ON FUNCTION risk.assess(uuid, uuid, bigint, numeric) IS 'passed, warned or blocked, and a row that says by which rule.';
