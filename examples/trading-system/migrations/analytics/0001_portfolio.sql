-- What is computed from the other services' data, and the reports made of it.
CREATE TABLE analytics.portfolio_summary (
    account_id        uuid NOT NULL,
    as_of             timestamptz NOT NULL,
    market_value      numeric(28, 8) NOT NULL,
    realised_profit   numeric(28, 8) NOT NULL,
    unrealised_profit numeric(28, 8) NOT NULL,
    total_profit      numeric(28, 8) GENERATED ALWAYS AS (realised_profit + unrealised_profit) STORED,
    positions         integer NOT NULL CHECK (positions >= 0),
    PRIMARY KEY (account_id, as_of)
);

CREATE TABLE analytics.performance_metrics (
    strategy_id bigint NOT NULL,
    metric      text NOT NULL CHECK (metric IN ('return', 'volatility', 'sharpe', 'sortino', 'drawdown', 'hit_rate', 'turnover')),
    span        text NOT NULL CHECK (span IN ('day', 'week', 'month', 'quarter', 'year')),
    ends_on     date NOT NULL,
    value       double precision NOT NULL,
    computed_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (strategy_id, metric, span, ends_on)
);
CREATE INDEX performance_metrics_ranking_idx ON analytics.performance_metrics (metric, span, ends_on, value DESC);

CREATE TABLE analytics.reports (
    report_id  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id uuid NOT NULL,
    kind       text NOT NULL CHECK (kind IN ('daily', 'monthly', 'annual', 'tax')),
    since      date NOT NULL,
    until      date NOT NULL,
    body       jsonb NOT NULL,
    made_at    timestamptz NOT NULL DEFAULT now(),
    UNIQUE (account_id, kind, since),
    CHECK (until > since)
);

-- The value of every account's positions at the last price known by a moment. Reads what execution and data ingestion
-- publish, wherever they live: plpgsql looks the tables up when it runs.
CREATE FUNCTION analytics.summarise(at timestamptz DEFAULT now()) RETURNS bigint
    LANGUAGE plpgsql
AS $$
DECLARE
    written bigint;
BEGIN
    INSERT INTO analytics.portfolio_summary
        (account_id, as_of, market_value, realised_profit, unrealised_profit, positions)
    SELECT p.account_id,
           at,
           sum(p.quantity * coalesce(m.close, p.average_price)),
           sum(p.realised_profit),
           sum(p.quantity * (coalesce(m.close, p.average_price) - p.average_price)),
           count(*) FILTER (WHERE p.quantity <> 0)
    FROM execution.positions AS p
    LEFT JOIN LATERAL (
        SELECT close
        FROM data_ingestion.market_data AS d
        WHERE d.symbol = p.symbol AND d.occurred_at <= at
        ORDER BY d.occurred_at DESC
        LIMIT 1
    ) AS m ON true
    GROUP BY p.account_id
    ON CONFLICT (account_id, as_of) DO UPDATE
    SET market_value = excluded.market_value, realised_profit = excluded.realised_profit,
        unrealised_profit = excluded.unrealised_profit, positions = excluded.positions;
    GET DIAGNOSTICS written = ROW_COUNT;
    RETURN written;
END;
$$;
