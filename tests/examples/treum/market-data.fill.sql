INSERT INTO market_history.instrument (symbol, name, asset_class, venue, currency, listed_on)
SELECT 'S' || i, 'Share ' || i, 'equity', 'XETR', 'EUR', '2020-01-01' FROM generate_series(1, 50) AS i;
INSERT INTO market_realtime.tick (occurred_at, symbol, price, size, venue)
SELECT now() - (100000 - i) * interval '1 second', 'S' || 1 + i % 2000, 100 + i % 10, 5, 'XETR'
FROM generate_series(1, 100000) AS i;
INSERT INTO market_realtime.rejected_tick (received_at, reason, tick)
SELECT now() - i * interval '1 minute', CASE WHEN i % 50 = 0 THEN 'time' ELSE 'price' END, '{}'
FROM generate_series(1, 20000) AS i;
INSERT INTO market_history.bar (symbol, span, opened_at, open, high, low, close, volume, ticks)
SELECT 'S' || s, span, date_trunc('hour', now()) - i * span, 100, 101, 99, 100, 5, 1
FROM generate_series(1, 50) AS s,
     (VALUES (interval '1 minute', 1000), (interval '1 day', 300)) AS spans (span, many),
     generate_series(1, many) AS i;
INSERT INTO market_history.indicator (symbol, span, name, opened_at, value)
SELECT symbol, span, name, opened_at, 100
FROM market_history.bar, unnest(ARRAY['sma20', 'ema20', 'rsi14']) AS name WHERE span = interval '1 day';
