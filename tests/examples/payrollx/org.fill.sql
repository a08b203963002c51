INSERT INTO organization.organizations (id, legal_name, country, registration_number)
SELECT md5('org' || n)::uuid, substr(md5(n::text), 1, 6) || ' Ltd ' || n, 'DE', n::text
FROM generate_series(0, 19999) AS n;

INSERT INTO organization.organization_settings (organization_id, in_force, currency, income_tax_rate, social_rate)
SELECT id, '[2026-01-01,)', 'EUR', 0.2, 0.1 FROM organization.organizations LIMIT 2000;
