-- What reporting reads, and what a regulator may ask for. Compliance rows are written once.
CREATE MATERIALIZED VIEW trading_analytics.daily_volume AS
SELECT o.instrument_id,
       (e.executed_at AT TIME ZONE 'UTC')::date AS day,
       sum(e.quantity)                          AS quantity,
       sum(e.quantity * e.price)                AS turnover
FROM trading.execution AS e
JOIN trading.orders AS o USING (order_id)
GROUP BY 1, 2;
CREATE UNIQUE INDEX daily_volume_key ON trading_analytics.daily_volume (instrument_id, day);

CREATE TABLE trading_compliance.report (
    report_id    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    order_id     uuid NOT NULL REFERENCES trading.orders,
    regulation   text NOT NULL,
    payload      jsonb NOT NULL,
    submitted_at timestamptz
);
CREATE INDEX report_order_idx ON trading_compliance.report (order_id);
CREATE INDEX report_pending_idx ON trading_compliance.report (report_id) WHERE submitted_at IS NULL;
