-- Organizations, and the settings that held for each on a given day: payroll of March is computed with those of March.

-- Two writers who read the same version cannot both win: UPDATE .. WHERE row_version = the one that was read.
CREATE FUNCTION organization.next_version() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    new.row_version := old.row_version + 1;
    new.updated_at := clock_timestamp();
    RETURN new;
END;
$$;

CREATE TABLE organization.organizations (
    id                  uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    legal_name          text NOT NULL CONSTRAINT organizations_name_sane CHECK (length(legal_name) BETWEEN 1 AND 300),
    country             char(2) NOT NULL CONSTRAINT organizations_country_form CHECK (country ~ '^[A-Z]{2}$'),
    registration_number text NOT NULL,
    status              text NOT NULL DEFAULT 'active'
        CONSTRAINT organizations_status_known CHECK (status IN ('active', 'suspended', 'closed')),
    created_at          timestamptz NOT NULL DEFAULT now(),
    updated_at          timestamptz NOT NULL DEFAULT now(),
    row_version         bigint NOT NULL DEFAULT 1,
    CONSTRAINT organizations_registration_key UNIQUE (country, registration_number)
);
CREATE INDEX organizations_name_idx ON organization.organizations (lower(legal_name) text_pattern_ops);
CREATE TRIGGER organizations_version BEFORE UPDATE ON organization.organizations
    FOR EACH ROW EXECUTE FUNCTION organization.next_version();

CREATE TABLE organization.organization_settings (
    id                 bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    organization_id    uuid NOT NULL REFERENCES organization.organizations,
    in_force           daterange NOT NULL
        CONSTRAINT organization_settings_period_sane CHECK (NOT isempty(in_force) AND NOT lower_inf(in_force)),
    currency           char(3) NOT NULL CONSTRAINT organization_settings_currency_form CHECK (currency ~ '^[A-Z]{3}$'),
    pay_frequency      text NOT NULL DEFAULT 'monthly' CONSTRAINT organization_settings_frequency_known
        CHECK (pay_frequency IN ('weekly', 'biweekly', 'semimonthly', 'monthly')),
    time_zone          text NOT NULL DEFAULT 'UTC',
    income_tax_rate    numeric(6, 5) NOT NULL CONSTRAINT organization_settings_tax_is_a_share
        CHECK (income_tax_rate >= 0 AND income_tax_rate < 1),
    social_rate        numeric(6, 5) NOT NULL CONSTRAINT organization_settings_social_is_a_share
        CHECK (social_rate >= 0 AND social_rate < 1),
    approvals_required smallint NOT NULL DEFAULT 1
        CONSTRAINT organization_settings_approvals_sane CHECK (approvals_required BETWEEN 1 AND 3),
    CONSTRAINT organization_settings_leave_something CHECK (income_tax_rate + social_rate < 1),
    CONSTRAINT organization_settings_one_a_day EXCLUDE USING gist (organization_id WITH =, in_force WITH &&)
);
COMMENT ON TABLE organization.organization_settings IS 'Published: payroll reads what held in its period. Flat rates stand for a tax engine.';
