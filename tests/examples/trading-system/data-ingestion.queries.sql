-- data_ingestion.symbols_tradable_idx: what of a sector may be traded at an exchange
SELECT symbol, name FROM data_ingestion.symbols WHERE exchange = 'XNYS' AND sector = 'sector 30' AND status = 'active';

-- data_ingestion.delisted_symbols_successor_idx: what a symbol was before
SELECT symbol, delisted_on FROM data_ingestion.delisted_symbols WHERE successor = 'S4002';

-- data_ingestion.institutional_holders_holder_idx: what an institution holds
SELECT symbol, shares FROM data_ingestion.institutional_holders
WHERE holder = 'holder 77' ORDER BY reported_on DESC LIMIT 50;

-- data_ingestion.market_data_received_idx: what has arrived since a moment
SELECT symbol, occurred_at, close FROM data_ingestion.market_data WHERE received_at >= '2026-07-26 12:00+00';

-- data_ingestion.symbol_data_status_due_idx: what is to be looked at next
SELECT symbol, status FROM data_ingestion.symbol_data_status
WHERE data_type = 'market_data' AND status <> 'complete' ORDER BY checked_at LIMIT 20;

-- data_ingestion.data_quality_logs_open_idx: the latest errors that nobody has resolved
SELECT symbol, rule, observed_at FROM data_ingestion.data_quality_logs
WHERE severity = 'error' AND resolved_at IS NULL ORDER BY found_at DESC LIMIT 20;

-- data_ingestion.data_quality_logs_found_idx: what `freehold maintain` may delete, of the oldest rows
SELECT log_id FROM data_ingestion.data_quality_logs WHERE found_at < '2026-01-01 12:00+00' AND resolved_at IS NOT NULL;
