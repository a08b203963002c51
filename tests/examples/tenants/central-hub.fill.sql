INSERT INTO hub.configuration_trail (changed_at, company_id, config_key, actor, new_value)
SELECT timestamptz '2026-06-01' + n * interval '1 minute', CASE n % 2 WHEN 0 THEN 'abc' ELSE 'xyz' END, 'key ' || n % 300, 'a', '1'
FROM generate_series(1, 40000) AS n;
