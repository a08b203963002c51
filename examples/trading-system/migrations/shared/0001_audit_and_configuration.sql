-- The platform's audit log, collected from the services' trails, and its configuration.
CREATE TABLE shared.audit_log (
    source         text NOT NULL,
    trail_id       bigint NOT NULL,
    changed_at     timestamptz NOT NULL,
    table_name     text NOT NULL,
    operation      text NOT NULL CHECK (operation IN ('insert', 'update', 'delete')),
    actor          text NOT NULL,
    acting_for     text,
    old_row        jsonb,
    new_row        jsonb,
    collected_at   timestamptz NOT NULL DEFAULT now(),
    -- a trail that is collected twice gives each row once
    PRIMARY KEY (source, trail_id, changed_at)
);
CREATE INDEX audit_log_table_idx ON shared.audit_log (source, table_name, changed_at DESC);
CREATE INDEX audit_log_actor_idx ON shared.audit_log (actor, changed_at DESC);

CREATE TABLE shared.system_config (
    key        text PRIMARY KEY,
    value      jsonb,
    -- a secret is sealed by the application with a key that the database never sees; here it is only kept
    sealed     bytea,
    sealed_by  text,
    version    bigint NOT NULL DEFAULT 1,
    updated_at timestamptz NOT NULL DEFAULT now(),
    CHECK (num_nonnulls(value, sealed) = 1),
    CHECK ((sealed IS NULL) = (sealed_by IS NULL)),
    CHECK (sealed IS NOT NULL OR key !~* '(password|secret|token|api_?key)')
);

CREATE FUNCTION shared.next_version() RETURNS trigger
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
CREATE TRIGGER system_config_version BEFORE UPDATE ON shared.system_config
    FOR EACH ROW EXECUTE FUNCTION shared.next_version();
