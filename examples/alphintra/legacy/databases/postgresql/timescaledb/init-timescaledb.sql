-- LEGACY. Prices as a time series, on an extension that a plain PostgreSQL does not have.

\connect alphintra
CREATE EXTENSION timescaledb;

CREATE TABLE market_data (
    time   TIMESTAMPTZ NOT NULL,
    symbol VARCHAR(20) NOT NULL,
    price  NUMERIC(20, 8) NOT NULL,
    volume NUMERIC(20, 8)
);
SELECT create_hypertable('market_data', 'time');
