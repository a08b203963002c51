-- What is asked about signals and people: the stand-in, in PostgreSQL, for what a column store keeps at scale.
CREATE TABLE analytics.signal_analytics (
    company_id  text NOT NULL,
    user_id     text NOT NULL,
    signal_id   uuid NOT NULL,
    symbol      text NOT NULL,
    direction   text NOT NULL CHECK (direction IN ('buy', 'sell', 'hold')),
    return_rate double precision,
    signalled_at timestamptz NOT NULL,
    -- what is delivered twice is counted once
    PRIMARY KEY (company_id, signal_id, signalled_at)
);
CREATE INDEX signal_analytics_symbol_idx ON analytics.signal_analytics (company_id, symbol, signalled_at DESC);

ALTER TABLE analytics.signal_analytics ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY signal_analytics_company ON analytics.signal_analytics
    USING (company_id = (SELECT analytics.current_company()))
    WITH CHECK (company_id = (SELECT analytics.current_company()));
CREATE POLICY signal_analytics_person ON analytics.signal_analytics AS RESTRICTIVE
    USING ((SELECT analytics.current_person()) IN ('*', user_id))
    WITH CHECK ((SELECT analytics.current_person()) IN ('*', user_id));

CREATE TABLE analytics.user_activity (
    company_id  text NOT NULL,
    user_id     text NOT NULL,
    happened_at timestamptz NOT NULL DEFAULT now(),
    action      text NOT NULL,
    detail      jsonb NOT NULL DEFAULT '{}'
);
CREATE INDEX user_activity_user_idx ON analytics.user_activity (company_id, user_id, happened_at DESC);

ALTER TABLE analytics.user_activity ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY user_activity_company ON analytics.user_activity
    USING (company_id = (SELECT analytics.current_company()))
    WITH CHECK (company_id = (SELECT analytics.current_company()));
CREATE POLICY user_activity_person ON analytics.user_activity AS RESTRICTIVE
    USING ((SELECT analytics.current_person()) IN ('*', user_id))
    WITH CHECK ((SELECT analytics.current_person()) IN ('*', user_id));

CREATE VIEW analytics.performance WITH (security_invoker = true, security_barrier = true) AS
SELECT company_id,
       user_id,
       symbol,
       count(*)                                                           AS signals,
       avg(return_rate)                                                   AS mean_return,
       (count(*) FILTER (WHERE return_rate > 0))::double precision / nullif(count(return_rate), 0) AS hit_rate
FROM analytics.signal_analytics
GROUP BY company_id, user_id, symbol;
