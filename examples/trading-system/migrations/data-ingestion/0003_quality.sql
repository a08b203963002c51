-- How the feeds are doing, and what is wrong with what they brought.
CREATE TABLE data_ingestion.ingestion_status (
    source        text NOT NULL,
    data_type     text NOT NULL CHECK (data_type IN ('market_data', 'key_statistics', 'institutional_holders', 'company_info')),
    status        text NOT NULL CHECK (status IN ('running', 'succeeded', 'failed')),
    started_at    timestamptz NOT NULL,
    finished_at   timestamptz,
    rows_written  bigint NOT NULL DEFAULT 0 CHECK (rows_written >= 0),
    last_error    text,
    PRIMARY KEY (source, data_type),
    CHECK ((status = 'running') = (finished_at IS NULL)),
    CHECK ((status = 'failed') = (last_error IS NOT NULL))
) WITH (fillfactor = 70);

CREATE TABLE data_ingestion.symbol_data_status (
    symbol        text NOT NULL REFERENCES data_ingestion.symbols,
    data_type     text NOT NULL CHECK (data_type IN ('market_data', 'key_statistics', 'institutional_holders', 'company_info')),
    status        text NOT NULL DEFAULT 'missing' CHECK (status IN ('missing', 'partial', 'complete', 'stale')),
    first_at      timestamptz,
    last_at       timestamptz,
    checked_at    timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (symbol, data_type),
    CHECK (last_at >= first_at),
    CHECK ((status = 'missing') = (last_at IS NULL))
) WITH (fillfactor = 70);
CREATE INDEX symbol_data_status_due_idx ON data_ingestion.symbol_data_status (data_type, checked_at)
    WHERE status <> 'complete';

CREATE TABLE data_ingestion.data_quality_logs (
    log_id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    symbol      text NOT NULL,
    rule        text NOT NULL CHECK (rule IN ('gap', 'jump', 'stale', 'disagreement')),
    severity    text NOT NULL CHECK (severity IN ('info', 'warning', 'error')),
    observed_at timestamptz NOT NULL,
    detail      jsonb NOT NULL DEFAULT '{}',
    found_at    timestamptz NOT NULL DEFAULT now(),
    resolved_at timestamptz,
    UNIQUE (symbol, rule, observed_at)
);
CREATE INDEX data_quality_logs_open_idx ON data_ingestion.data_quality_logs (severity, found_at DESC)
    WHERE resolved_at IS NULL;
CREATE INDEX data_quality_logs_found_idx ON data_ingestion.data_quality_logs USING brin (found_at);

-- Looks at a span of bars twice over: closes that jump by more than a fifth between neighbours, and sources that
-- disagree about a close by more than one in a hundred. Running it again finds nothing new.
CREATE FUNCTION data_ingestion.check_quality(since timestamptz, until timestamptz) RETURNS bigint
    LANGUAGE sql
BEGIN ATOMIC
    WITH bars AS (
        SELECT symbol, source, occurred_at, close,
               lag(close) OVER (PARTITION BY symbol, source ORDER BY occurred_at) AS before,
               min(close) OVER (PARTITION BY symbol, occurred_at)                 AS lowest,
               max(close) OVER (PARTITION BY symbol, occurred_at)                 AS highest
        FROM data_ingestion.market_data
        WHERE occurred_at >= since AND occurred_at < until
    ), found AS (
        SELECT DISTINCT ON (symbol, occurred_at)
               symbol, 'jump' AS rule, 'warning' AS severity, occurred_at,
               jsonb_build_object('source', source, 'before', before, 'close', close) AS detail
        FROM bars
        WHERE abs(close / before - 1) > 0.2
        UNION ALL
        SELECT DISTINCT symbol, 'disagreement', 'error', occurred_at,
               jsonb_build_object('lowest', lowest, 'highest', highest)
        FROM bars
        WHERE highest / lowest > 1.01
    ), written AS (
        INSERT INTO data_ingestion.data_quality_logs (symbol, rule, severity, observed_at, detail)
        SELECT symbol, rule, severity, occurred_at, detail FROM found
        ON CONFLICT (symbol, rule, observed_at) DO NOTHING
        RETURNING 1
    )
    SELECT count(*) FROM written;
END;
