INSERT INTO data_ingestion.symbols (symbol, name, exchange, asset_class, currency, sector, status)
SELECT 'S' || n, 'Company ' || n, CASE n % 3 WHEN 0 THEN 'XNYS' ELSE 'XNAS' END, 'equity', 'USD', 'sector ' || n % 40,
       CASE WHEN n % 10 = 0 THEN 'active' ELSE 'delisted' END
FROM generate_series(1, 20000) AS n;

INSERT INTO data_ingestion.delisted_symbols (symbol, delisted_on, reason, successor)
SELECT 'S' || n, '2026-01-01', 'merger', CASE WHEN n % 5 = 1 THEN 'S' || n + 1 END
FROM generate_series(1, 19999) AS n WHERE n % 10 <> 0;

INSERT INTO data_ingestion.institutional_holders (symbol, holder, reported_on, shares)
SELECT 'S' || n % 4000, 'holder ' || n / 100, date '2026-01-01' + n % 100, 10 FROM generate_series(1, 40000) AS n;

INSERT INTO data_ingestion.market_data (symbol, source, occurred_at, open, high, low, close, volume, received_at)
SELECT 'S' || n % 40, 'feed', timestamptz '2026-06-01' + n * interval '1 minute', 10, 11, 9, 10, 5,
       timestamptz '2026-06-01' + n * interval '1 minute'
FROM generate_series(1, 80000) AS n;

INSERT INTO data_ingestion.symbol_data_status (symbol, data_type, status, last_at, checked_at)
SELECT 'S' || n, 'market_data', CASE WHEN n % 20 = 0 THEN 'stale' ELSE 'complete' END, '2026-06-01',
       timestamptz '2026-06-01' + n * interval '1 minute'
FROM generate_series(1, 20000) AS n;

INSERT INTO data_ingestion.data_quality_logs (symbol, rule, severity, observed_at, found_at, resolved_at)
SELECT 'S' || n % 4000, 'jump', CASE WHEN n % 10 = 0 THEN 'error' ELSE 'info' END,
       timestamptz '2026-01-01' + n * interval '1 minute', timestamptz '2026-01-01' + n * interval '1 minute',
       CASE WHEN n % 15 <> 0 THEN timestamptz '2026-07-01' END
FROM generate_series(1, 60000) AS n;
