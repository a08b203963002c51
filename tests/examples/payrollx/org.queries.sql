-- organization.organizations_name_idx: an organization by the beginning of its name
SELECT id, legal_name FROM organization.organizations WHERE lower(legal_name) LIKE 'c81e7%' ORDER BY legal_name LIMIT 10;
