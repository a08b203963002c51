INSERT INTO risk.risk_rules (user_id, instrument_id, kind, threshold, valid_during, set_by)
SELECT md5('user' || n)::uuid, NULL, kind, 1000 + n, '[2026-01-01,)', md5('officer')::uuid
FROM generate_series(0, 1999) AS n CROSS JOIN unnest(ARRAY['max_order_value', 'max_position']) AS kind;

INSERT INTO risk.risk_assessments (order_id, user_id, order_value, decision, rule_id, assessed_at)
SELECT md5('order' || n)::uuid, md5('user' || n % 2000)::uuid, n % 2000, CASE WHEN n % 20 = 0 THEN 'blocked' ELSE 'passed' END,
       CASE WHEN n % 20 = 0 THEN 1 + n / 20 % 4000 END, timestamptz '2026-06-01' + n * interval '1 minute'
FROM generate_series(0, 39999) AS n;

INSERT INTO risk.exposures (user_id, measured_at, gross, net, equity, value_at_risk)
SELECT md5('user' || n % 500)::uuid, timestamptz '2026-06-01' + n / 500 * interval '1 hour', 1000, 500, 2000, 50
FROM generate_series(0, 49999) AS n;

INSERT INTO risk.alerts (user_id, rule_id, measured, raised_at, acknowledged_at, acknowledged_by)
SELECT md5('user' || n % 2000)::uuid, 1 + n % 4000, 1, timestamptz '2026-06-01' + n * interval '1 minute',
       CASE WHEN n < 19900 THEN timestamptz '2026-06-30' END, CASE WHEN n < 19900 THEN md5('officer')::uuid END
FROM generate_series(0, 19999) AS n;

INSERT INTO risk.audit_log (occurred_at, actor, action, entity, entity_id, new_row)
SELECT timestamptz '2026-06-01' + n * interval '1 minute', 'app', 'insert', 'risk_rules', (n % 4000)::text, '{}'
FROM generate_series(1, 20000) AS n;
