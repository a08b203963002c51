-- The companies, how each is configured, and the services that are running. A company sees itself; only a job of the
-- platform, whose company is *, sees all of them.
CREATE TABLE hub.companies (
    company_id  text PRIMARY KEY CHECK (company_id ~ '^[a-z0-9_]{1,40}$'),
    name        text NOT NULL,
    -- computed: a unique name to choose would tell which names are taken
    schema_name text NOT NULL GENERATED ALWAYS AS ('tenant_company_' || company_id) STORED,
    status      text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'suspended', 'closed')),
    created_at  timestamptz NOT NULL DEFAULT now()
);
ALTER TABLE hub.companies ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY companies_company ON hub.companies FOR SELECT
    USING (company_id = (SELECT hub.current_company()));
CREATE POLICY companies_platform ON hub.companies
    USING ((SELECT hub.current_company()) = '*')
    WITH CHECK ((SELECT hub.current_company()) = '*');

CREATE TABLE hub.tenant_configurations (
    company_id   text NOT NULL REFERENCES hub.companies,
    config_key   text NOT NULL CHECK (length(config_key) <= 100),
    config_value jsonb NOT NULL,
    version      bigint NOT NULL DEFAULT 1,
    updated_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (company_id, config_key)
);

ALTER TABLE hub.tenant_configurations ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_configurations_company ON hub.tenant_configurations
    USING (company_id = (SELECT hub.current_company()))
    WITH CHECK (company_id = (SELECT hub.current_company()));

CREATE FUNCTION hub.next_version() RETURNS trigger
    LANGUAGE plpgsql
AS $$
BEGIN
    IF new.version IS DISTINCT FROM old.version + 1 THEN
        RAISE EXCEPTION 'stale version of a row of %.%', tg_table_schema, tg_table_name
            USING ERRCODE = 'serialization_failure',
                  DETAIL = format('The row is at version %s; an update must set %s.', old.version, old.version + 1),
                  HINT = 'Read the row again.';
    END IF;
    new.updated_at := now();
    RETURN new;
END;
$$;
CREATE TRIGGER tenant_configurations_version BEFORE UPDATE ON hub.tenant_configurations
    FOR EACH ROW EXECUTE FUNCTION hub.next_version();

CREATE TABLE hub.configuration_trail (
    changed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    company_id text NOT NULL,
    config_key text NOT NULL,
    actor      text NOT NULL DEFAULT session_user,
    person     text,
    old_value  jsonb,
    new_value  jsonb
);
CREATE INDEX configuration_trail_key_idx ON hub.configuration_trail (company_id, config_key, changed_at DESC);

ALTER TABLE hub.configuration_trail ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY configuration_trail_company ON hub.configuration_trail
    USING (company_id = (SELECT hub.current_company()))
    WITH CHECK (company_id = (SELECT hub.current_company()));

CREATE FUNCTION hub.record_configuration() RETURNS trigger
    LANGUAGE plpgsql
    SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    INSERT INTO hub.configuration_trail (company_id, config_key, person, old_value, new_value)
    VALUES (
        coalesce(new.company_id, old.company_id),
        coalesce(new.config_key, old.config_key),
        hub.current_person(),
        old.config_value,
        new.config_value
    );
    RETURN NULL;
END;
$$;
CREATE TRIGGER tenant_configurations_trail AFTER INSERT OR UPDATE OR DELETE ON hub.tenant_configurations
    FOR EACH ROW EXECUTE FUNCTION hub.record_configuration();

CREATE FUNCTION hub.keep_trail() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF tg_op = 'INSERT' AND pg_has_role(current_user, (SELECT relowner FROM pg_class WHERE oid = tg_relid), 'USAGE') THEN
        RETURN new;
    END IF;
    RAISE EXCEPTION '%.% is written by triggers only, and never changed', tg_table_schema, tg_table_name
        USING ERRCODE = 'integrity_constraint_violation';
END;
$$;
CREATE TRIGGER configuration_trail_kept BEFORE INSERT OR UPDATE OR DELETE ON hub.configuration_trail
    FOR EACH ROW EXECUTE FUNCTION hub.keep_trail();

-- The same for all companies, so there is no row of anybody's in it.
CREATE TABLE hub.service_registry (
    service_name    text PRIMARY KEY,
    service_host    text NOT NULL,
    service_port    integer NOT NULL CHECK (service_port BETWEEN 1 AND 65535),
    health_endpoint text,
    status          text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'degraded', 'down')),
    last_heartbeat  timestamptz NOT NULL DEFAULT now(),
    metadata        jsonb NOT NULL DEFAULT '{}'
) WITH (fillfactor = 50);
