-- Backtests: which version, over which days, with what result, and the value of the account day by day.

CREATE TABLE strategy.backtests (
    backtest_id     uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    strategy_id     uuid NOT NULL,
    version         integer NOT NULL,
    first_day       date NOT NULL,
    last_day        date NOT NULL,
    -- half open as PostgreSQL keeps every range of days
    days            daterange GENERATED ALWAYS AS (daterange(first_day, last_day, '[]')) STORED,
    initial_capital numeric(20, 2) NOT NULL CONSTRAINT backtests_capital_positive CHECK (initial_capital > 0),
    final_capital   numeric(20, 2) CONSTRAINT backtests_final_not_negative CHECK (final_capital >= 0),
    total_return    numeric GENERATED ALWAYS AS (final_capital / initial_capital - 1) STORED,
    sharpe          numeric(10, 4),
    max_drawdown    numeric(7, 6) CONSTRAINT backtests_drawdown_is_a_share CHECK (max_drawdown BETWEEN 0 AND 1),
    status          text NOT NULL DEFAULT 'queued'
        CONSTRAINT backtests_status_known CHECK (status IN ('queued', 'running', 'done', 'failed')),
    queued_at       timestamptz NOT NULL DEFAULT now(),
    finished_at     timestamptz,
    FOREIGN KEY (strategy_id, version) REFERENCES strategy.strategy_versions,
    CONSTRAINT backtests_days_in_order CHECK (first_day <= last_day),
    CONSTRAINT backtests_done_has_results CHECK (
        status <> 'done' OR (final_capital IS NOT NULL AND sharpe IS NOT NULL AND max_drawdown IS NOT NULL)
    ),
    CONSTRAINT backtests_end_has_a_time CHECK ((status IN ('done', 'failed')) = (finished_at IS NOT NULL))
);
COMMENT ON TABLE strategy.backtests IS 'Published: analysts compare strategies by it.';
CREATE INDEX backtests_of_version_idx ON strategy.backtests (strategy_id, version, queued_at DESC);
CREATE INDEX backtests_queue_idx ON strategy.backtests (queued_at) WHERE status = 'queued';
CREATE INDEX backtests_ranking_idx ON strategy.backtests (sharpe DESC) INCLUDE (strategy_id, total_return)
    WHERE status = 'done';

CREATE TABLE strategy.backtest_values (
    backtest_id uuid NOT NULL REFERENCES strategy.backtests ON DELETE CASCADE,
    day         date NOT NULL,
    value       numeric(20, 2) NOT NULL CONSTRAINT backtest_values_not_negative CHECK (value >= 0),
    PRIMARY KEY (backtest_id, day)
);

-- A worker takes the oldest backtest that nobody else is taking; two workers never wait for each other.
CREATE FUNCTION strategy.take_backtest() RETURNS uuid
    LANGUAGE sql
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    UPDATE strategy.backtests
    SET status = 'running'
    WHERE backtest_id = (
        SELECT backtest_id
        FROM strategy.backtests
        WHERE status = 'queued'
        ORDER BY queued_at
        LIMIT 1
        FOR UPDATE SKIP LOCKED
    )
    RETURNING backtest_id;
END;
