-- Limits watched: an alert opens when a measure passes its limit and closes when it is back below, with some room.
CREATE TABLE risk_alerts.alert (
    alert_id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id      uuid NOT NULL,
    measure         text NOT NULL,
    value           double precision NOT NULL,
    threshold       numeric(28, 8) NOT NULL,
    severity        text NOT NULL GENERATED ALWAYS AS (
        CASE WHEN value >= 1.5 * threshold::double precision THEN 'critical' ELSE 'warning' END
    ) STORED,
    raised_at       timestamptz NOT NULL DEFAULT now(),
    acknowledged_by text,
    resolved_at     timestamptz CHECK (resolved_at >= raised_at)
);
COMMENT ON TABLE risk_alerts.alert IS 'Limits that were passed; one open alert for each account and measure; published.';
CREATE UNIQUE INDEX alert_open_key ON risk_alerts.alert (account_id, measure) WHERE resolved_at IS NULL;
CREATE INDEX alert_raised_idx ON risk_alerts.alert (raised_at DESC);

-- Answers how many alerts were opened and how many closed. Below 95 % of the limit counts as back, so that a value
-- that trembles at the limit does not ring all day.
CREATE FUNCTION risk_alerts.check_limits(OUT raised bigint, OUT resolved bigint)
    LANGUAGE sql
BEGIN ATOMIC
    WITH seen AS (
        SELECT l.account_id, l.measure, l.threshold, m.value
        FROM risk.exposure_limit AS l
        CROSS JOIN LATERAL (
            SELECT abs(value) AS value
            FROM risk_metrics.measurement
            WHERE account_id = l.account_id AND measure = l.measure
            ORDER BY measured_at DESC
            LIMIT 1
        ) AS m
    ), opened AS (
        INSERT INTO risk_alerts.alert (account_id, measure, value, threshold)
        SELECT account_id, measure, value, threshold FROM seen WHERE value > threshold::double precision
        ON CONFLICT (account_id, measure) WHERE resolved_at IS NULL DO NOTHING
        RETURNING 1
    ), closed AS (
        UPDATE risk_alerts.alert AS a SET resolved_at = now()
        FROM seen
        WHERE a.account_id = seen.account_id AND a.measure = seen.measure AND a.resolved_at IS NULL
          AND seen.value < 0.95 * seen.threshold::double precision
        RETURNING 1
    )
    SELECT (SELECT count(*) FROM opened), (SELECT count(*) FROM closed);
END;

CREATE TABLE risk.scenario (
    scenario_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name        text NOT NULL UNIQUE,
    description text NOT NULL DEFAULT ''
);
COMMENT ON TABLE risk.scenario IS 'Things that could happen to a market.';

CREATE TABLE risk.shock (
    scenario_id bigint NOT NULL REFERENCES risk.scenario ON DELETE CASCADE,
    symbol      text NOT NULL,
    change      double precision NOT NULL CHECK (change >= -1),
    PRIMARY KEY (scenario_id, symbol)
);
COMMENT ON TABLE risk.shock IS 'What a scenario does to a symbol; * stands for every symbol that is not named.';

CREATE TABLE risk.stress_result (
    scenario_id bigint NOT NULL REFERENCES risk.scenario ON DELETE CASCADE,
    account_id  uuid NOT NULL,
    as_of       date NOT NULL,
    profit      numeric(36, 8) NOT NULL,
    worst       text NOT NULL,
    computed_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (scenario_id, account_id, as_of)
);
COMMENT ON TABLE risk.stress_result IS 'What a scenario would do to an account, and which symbol would hurt most.';
CREATE INDEX stress_result_account_idx ON risk.stress_result (account_id, as_of DESC);

CREATE FUNCTION risk.run_stress(of_scenario bigint, on_day date) RETURNS bigint
    LANGUAGE sql
BEGIN ATOMIC
    WITH hit AS (
        SELECT h.account_id,
               h.symbol,
               h.market_value * coalesce(named.change, every.change, 0)::numeric AS profit
        FROM risk.holding AS h
        LEFT JOIN risk.shock AS named ON named.scenario_id = of_scenario AND named.symbol = h.symbol
        LEFT JOIN risk.shock AS every ON every.scenario_id = of_scenario AND every.symbol = '*'
        WHERE h.as_of = on_day
    ), written AS (
        INSERT INTO risk.stress_result (scenario_id, account_id, as_of, profit, worst)
        SELECT of_scenario, account_id, on_day, sum(profit), (array_agg(symbol ORDER BY profit))[1]
        FROM hit
        GROUP BY account_id
        ON CONFLICT (scenario_id, account_id, as_of)
        DO UPDATE SET profit = excluded.profit, worst = excluded.worst, computed_at = now()
        RETURNING 1
    )
    SELECT count(*) FROM written;
END;
COMMENT ON FUNCTION risk.run_stress IS 'What a scenario would do to every account that holds something on a day.';
