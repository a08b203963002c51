-- Value at risk and expected shortfall of a portfolio, three ways, and the measures kept of every account.
CREATE TABLE risk_metrics.measurement (
    measured_at timestamptz NOT NULL DEFAULT now(),
    account_id  uuid NOT NULL,
    measure     text NOT NULL CHECK (measure IN ('gross', 'net', 'var', 'shortfall', 'concentration')),
    value       double precision NOT NULL
);
COMMENT ON TABLE risk_metrics.measurement IS 'Measures of accounts over time; published.';
CREATE INDEX measurement_account_idx ON risk_metrics.measurement (account_id, measure, measured_at DESC) INCLUDE (value);

-- The quantile of the standard normal distribution, by Acklam's rational approximation (relative error below 1.2e-9).
CREATE FUNCTION risk_metrics.normal_quantile(p double precision) RETURNS double precision
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
    SELECT CASE
        WHEN p <= 0 OR p >= 1 THEN NULL
        WHEN p < 0.02425 THEN
            (((((-7.784894002430293e-03 * t + -3.223964580411365e-01) * t + -2.400758277161838e+00) * t
                + -2.549732539343734e+00) * t + 4.374664141464968e+00) * t + 2.938163982698783e+00)
            / ((((7.784695709041462e-03 * t + 3.224671290700398e-01) * t + 2.445134137142996e+00) * t
                + 3.754408661907416e+00) * t + 1)
        WHEN p > 1 - 0.02425 THEN
            -(((((-7.784894002430293e-03 * t + -3.223964580411365e-01) * t + -2.400758277161838e+00) * t
                + -2.549732539343734e+00) * t + 4.374664141464968e+00) * t + 2.938163982698783e+00)
            / ((((7.784695709041462e-03 * t + 3.224671290700398e-01) * t + 2.445134137142996e+00) * t
                + 3.754408661907416e+00) * t + 1)
        ELSE
            (((((-3.969683028665376e+01 * r + 2.209460984245205e+02) * r + -2.759285104469687e+02) * r
                + 1.383577518672690e+02) * r + -3.066479806614716e+01) * r + 2.506628277459239e+00) * q
            / (((((-5.447609879822406e+01 * r + 1.615858368580409e+02) * r + -1.556989798598866e+02) * r
                + 6.680131188771972e+01) * r + -1.328068155288572e+01) * r + 1)
    END
    FROM (SELECT p - 0.5 AS q,
                 (p - 0.5) ^ 2 AS r,
                 sqrt(-2 * ln(CASE WHEN p < 0.5 THEN greatest(p, 1e-300) ELSE greatest(1 - p, 1e-16) END)) AS t) AS parts;
END;

-- Historical: what the portfolio would have made on each of the last days, and the loss that one day in twenty (at 95 %)
-- exceeds. Parametric: the deviation that follows from the covariances of the symbols. Component figures add up to the
-- parametric one.
CREATE FUNCTION risk_metrics.historical_var(
    of_account uuid, on_day date, confidence double precision DEFAULT 0.95, days integer DEFAULT 250
) RETURNS TABLE (value_at_risk double precision, expected_shortfall double precision, observations bigint)
    LANGUAGE sql STABLE
BEGIN ATOMIC
    WITH history AS (
        SELECT DISTINCT day FROM risk_metrics.daily_return WHERE day <= on_day ORDER BY day DESC LIMIT days
    ), profit AS (
        SELECT r.day, sum(h.market_value::double precision * r.return_rate) AS amount
        FROM risk.holding AS h
        JOIN risk_metrics.daily_return AS r ON r.symbol = h.symbol
        JOIN history USING (day)
        WHERE h.account_id = of_account AND h.as_of = on_day
        GROUP BY r.day
    ), at_risk AS (
        SELECT -percentile_cont(1 - confidence) WITHIN GROUP (ORDER BY amount) AS amount, count(*) AS observations
        FROM profit
    )
    SELECT greatest(at_risk.amount, 0),
           greatest(-avg(profit.amount) FILTER (WHERE profit.amount <= -at_risk.amount), 0),
           at_risk.observations
    FROM at_risk LEFT JOIN profit ON true
    GROUP BY at_risk.amount, at_risk.observations;
END;
COMMENT ON FUNCTION risk_metrics.historical_var IS 'One-day value at risk by historical simulation, in the account''s currency.';

CREATE FUNCTION risk_metrics.component_var(
    of_account uuid, on_day date, confidence double precision DEFAULT 0.95, days integer DEFAULT 250
) RETURNS TABLE (symbol text, market_value double precision, component double precision)
    LANGUAGE sql STABLE
BEGIN ATOMIC
    WITH history AS (
        SELECT DISTINCT day FROM risk_metrics.daily_return WHERE day <= on_day ORDER BY day DESC LIMIT days
    ), held AS (
        SELECT h.symbol, h.market_value::double precision AS amount
        FROM risk.holding AS h
        WHERE h.account_id = of_account AND h.as_of = on_day
    ), returns AS (
        SELECT r.symbol, r.day, r.return_rate, held.amount
        FROM held
        JOIN risk_metrics.daily_return AS r ON r.symbol = held.symbol
        JOIN history USING (day)
    ), pairs AS (
        SELECT a.symbol, a.amount, b.amount * covar_samp(a.return_rate, b.return_rate) AS weighted
        FROM returns AS a
        JOIN returns AS b USING (day)
        GROUP BY a.symbol, a.amount, b.symbol, b.amount
    ), marginal AS (
        SELECT pairs.symbol, pairs.amount, pairs.amount * sum(weighted) AS variance FROM pairs GROUP BY 1, 2
    )
    SELECT marginal.symbol,
           marginal.amount,
           risk_metrics.normal_quantile(confidence) * variance / nullif(sqrt(sum(variance) OVER ()), 0)
    FROM marginal;
END;
COMMENT ON FUNCTION risk_metrics.component_var IS 'What each holding adds to the parametric value at risk; the sum is the whole.';

-- Measures every account that holds something on a day.
CREATE FUNCTION risk_metrics.measure(on_day date, at timestamptz DEFAULT now()) RETURNS bigint
    LANGUAGE sql
BEGIN ATOMIC
    WITH account AS (
        SELECT account_id,
               sum(abs(market_value))::double precision AS gross,
               sum(market_value)::double precision AS net,
               (max(abs(market_value)) / sum(abs(market_value)))::double precision AS concentration
        FROM risk.holding
        WHERE as_of = on_day
        GROUP BY account_id
    ), written AS (
        INSERT INTO risk_metrics.measurement (measured_at, account_id, measure, value)
        SELECT at, account.account_id, m.measure, m.value
        FROM account
        CROSS JOIN LATERAL risk_metrics.historical_var(account.account_id, on_day) AS v
        CROSS JOIN LATERAL (VALUES
            ('gross', account.gross),
            ('net', account.net),
            ('concentration', account.concentration),
            ('var', v.value_at_risk),
            ('shortfall', v.expected_shortfall)
        ) AS m (measure, value)
        WHERE m.value IS NOT NULL
        RETURNING 1
    )
    SELECT count(*) FROM written;
END;

CREATE MATERIALIZED VIEW risk_metrics.symbol_exposure AS
SELECT as_of,
       symbol,
       count(*)                                                  AS accounts,
       coalesce(sum(market_value) FILTER (WHERE quantity > 0), 0) AS long_value,
       coalesce(sum(market_value) FILTER (WHERE quantity < 0), 0) AS short_value,
       sum(abs(market_value))                                    AS gross_value
FROM risk.holding
GROUP BY as_of, symbol;
COMMENT ON MATERIALIZED VIEW risk_metrics.symbol_exposure IS 'What all accounts together hold of a symbol, day by day.';
CREATE UNIQUE INDEX symbol_exposure_key ON risk_metrics.symbol_exposure (as_of, symbol);
CREATE INDEX symbol_exposure_gross_idx ON risk_metrics.symbol_exposure (as_of, gross_value DESC);

-- SECURITY DEFINER because only the owner of a materialized view may refresh it, and the application owns nothing.
CREATE FUNCTION risk_metrics.refresh() RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    REFRESH MATERIALIZED VIEW CONCURRENTLY risk_metrics.symbol_exposure;
END;
$$;
