-- How each company is configured, after `freehold seed`. The trail of a configuration has policies that ask for the company
-- a session works for, of its owner as well; the owner lifts them for this transaction, in which nobody else comes in.
--
--   psql "$(freehold url central-hub --role owner)" -f after-seed/central-hub.sql
BEGIN;
ALTER TABLE hub.companies NO FORCE ROW LEVEL SECURITY;
ALTER TABLE hub.tenant_configurations NO FORCE ROW LEVEL SECURITY;
ALTER TABLE hub.configuration_trail NO FORCE ROW LEVEL SECURITY;
INSERT INTO hub.tenant_configurations (company_id, config_key, config_value)
SELECT company_id, key, value
FROM hub.companies
CROSS JOIN (VALUES
    ('theme', '"dark"'::jsonb),
    ('max_pairs', '50'),
    ('trading_hours', '{"from": "07:00", "to": "21:00"}'),
    ('risk.stop_out', '0.5')
) AS wanted (key, value)
ON CONFLICT DO NOTHING;
ALTER TABLE hub.configuration_trail FORCE ROW LEVEL SECURITY;
ALTER TABLE hub.tenant_configurations FORCE ROW LEVEL SECURITY;
ALTER TABLE hub.companies FORCE ROW LEVEL SECURITY;
COMMIT;
