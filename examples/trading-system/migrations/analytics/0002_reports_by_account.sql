-- A report is one account's business. A session says for which account it works; one that says nothing sees nothing,
-- and a job that works for all of them says so.
CREATE FUNCTION analytics.sees(of_account uuid) RETURNS boolean
    LANGUAGE sql STABLE
    RETURN coalesce(current_setting('app.account_id', true) IN (of_account::text, '*'), false);

ALTER TABLE analytics.reports ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY reports_account ON analytics.reports
    USING (analytics.sees(account_id))
    WITH CHECK (analytics.sees(account_id));
