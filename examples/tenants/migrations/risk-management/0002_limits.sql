-- What each company lets its people risk, and what was computed of it.
CREATE TABLE risk.limits (
    company_id text NOT NULL,
    user_id    text,
    measure    text NOT NULL CHECK (measure IN ('gross', 'net', 'drawdown', 'daily_loss', 'value_at_risk')),
    threshold  numeric(18, 2) NOT NULL CHECK (threshold > 0),
    updated_at timestamptz NOT NULL DEFAULT now(),
    -- NULL is the company's own limit, and there is one
    UNIQUE NULLS NOT DISTINCT (company_id, user_id, measure)
);

ALTER TABLE risk.limits ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY limits_company ON risk.limits
    USING (company_id = (SELECT risk.current_company()))
    WITH CHECK (company_id = (SELECT risk.current_company()));
-- a row without a person is the company's: its people read it, a job of the company writes it
CREATE POLICY limits_reads ON risk.limits AS RESTRICTIVE FOR SELECT
    USING (user_id IS NULL OR (SELECT risk.current_person()) IN ('*', user_id));
CREATE POLICY limits_inserts ON risk.limits AS RESTRICTIVE FOR INSERT
    WITH CHECK ((SELECT risk.current_person()) IN ('*', user_id));
CREATE POLICY limits_updates ON risk.limits AS RESTRICTIVE FOR UPDATE
    USING ((SELECT risk.current_person()) IN ('*', user_id))
    WITH CHECK ((SELECT risk.current_person()) IN ('*', user_id));
CREATE POLICY limits_deletes ON risk.limits AS RESTRICTIVE FOR DELETE
    USING ((SELECT risk.current_person()) IN ('*', user_id));

CREATE TABLE risk.calculations (
    computed_at timestamptz NOT NULL DEFAULT now(),
    company_id  text NOT NULL,
    user_id     text NOT NULL,
    measure     text NOT NULL,
    value       numeric(18, 2) NOT NULL,
    PRIMARY KEY (company_id, user_id, measure, computed_at)
);

ALTER TABLE risk.calculations ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY calculations_company ON risk.calculations
    USING (company_id = (SELECT risk.current_company()))
    WITH CHECK (company_id = (SELECT risk.current_company()));
CREATE POLICY calculations_person ON risk.calculations AS RESTRICTIVE
    USING ((SELECT risk.current_person()) IN ('*', user_id))
    WITH CHECK ((SELECT risk.current_person()) IN ('*', user_id));

-- The last value of each measure that is beyond its limit; a person's own limit counts before the company's.
CREATE VIEW risk.breaches WITH (security_invoker = true, security_barrier = true) AS
SELECT c.company_id, c.user_id, c.measure, c.value, l.threshold, c.computed_at
FROM (
    SELECT DISTINCT ON (company_id, user_id, measure) *
    FROM risk.calculations
    ORDER BY company_id, user_id, measure, computed_at DESC
) AS c
CROSS JOIN LATERAL (
    SELECT threshold
    FROM risk.limits AS l
    WHERE l.company_id = c.company_id AND l.measure = c.measure AND (l.user_id = c.user_id OR l.user_id IS NULL)
    ORDER BY l.user_id NULLS LAST
    LIMIT 1
) AS l
WHERE c.value > l.threshold;
