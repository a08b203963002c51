-- Runs of a strategy over the past, and the ranking of strategies made from them.
CREATE TABLE backtesting.run (
    run_id      uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    strategy_id bigint NOT NULL REFERENCES signals.strategy,
    since       date NOT NULL,
    until       date NOT NULL,
    parameters  jsonb NOT NULL DEFAULT '{}',
    started_at  timestamptz NOT NULL DEFAULT now(),
    finished_at timestamptz,
    CHECK (until > since)
);
CREATE INDEX run_strategy_idx ON backtesting.run (strategy_id, started_at DESC);

CREATE TABLE backtesting.trade (
    run_id    uuid NOT NULL REFERENCES backtesting.run ON DELETE CASCADE,
    number    integer NOT NULL CHECK (number > 0),
    symbol    text NOT NULL,
    opened_at timestamptz NOT NULL,
    closed_at timestamptz,
    profit    numeric(28, 8),
    PRIMARY KEY (run_id, number)
);

CREATE MATERIALIZED VIEW backtesting.ranking AS
SELECT r.strategy_id,
       count(DISTINCT r.run_id)                                       AS runs,
       sum(t.profit)                                                  AS profit,
       avg(CASE WHEN t.profit > 0 THEN 1.0 ELSE 0.0 END)::numeric(5, 4) AS hit_rate
FROM backtesting.run AS r
JOIN backtesting.trade AS t USING (run_id)
WHERE r.finished_at IS NOT NULL
GROUP BY r.strategy_id;
CREATE UNIQUE INDEX ranking_key ON backtesting.ranking (strategy_id);
