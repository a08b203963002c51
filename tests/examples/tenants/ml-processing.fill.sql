INSERT INTO ml.model_versions (model_version, kind, dimensions)
SELECT 'm' || n, CASE WHEN n < 50 THEN 'direction' ELSE 'embedding' END, CASE WHEN n < 50 THEN NULL ELSE 2 END
FROM generate_series(1, 300) AS n;

INSERT INTO ml.ai_predictions (time, company_id, user_id, symbol, prediction_type, confidence, model_version, features)
SELECT timestamptz '2026-06-01' + n * interval '1 second', CASE n % 2 WHEN 0 THEN 'abc' ELSE 'xyz' END, 'u1', 'S' || n % 300,
       'buy', 0.5, 'm' || 1 + n % 49, '{}'
FROM generate_series(1, 40000) AS n;

INSERT INTO ml.trading_patterns (company_id, user_id, name, model_version, embedding)
SELECT CASE n % 2 WHEN 0 THEN 'abc' ELSE 'xyz' END, NULL, 'p', 'm' || 50 + n % 250, ARRAY[1, 2]
FROM generate_series(1, 20000) AS n;
