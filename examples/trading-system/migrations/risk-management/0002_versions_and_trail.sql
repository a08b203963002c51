-- Nobody overwrites what they have not seen, and every change leaves a row that the change itself cannot avoid.

-- An update must say which version comes next: the one it read, plus one. Leaving the version out is refused like a
-- stale one, so no code can forget it. The error is a serialization failure: read again, decide again, write again.
CREATE FUNCTION risk_management.next_version() RETURNS trigger
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
CREATE TRIGGER risk_limits_version BEFORE UPDATE ON risk_management.risk_limits
    FOR EACH ROW EXECUTE FUNCTION risk_management.next_version();
CREATE TRIGGER position_limits_version BEFORE UPDATE ON risk_management.position_limits
    FOR EACH ROW EXECUTE FUNCTION risk_management.next_version();

CREATE TABLE risk_management.audit_trail (
    trail_id       bigint GENERATED ALWAYS AS IDENTITY,
    changed_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    transaction_id xid8 NOT NULL DEFAULT pg_current_xact_id(),
    table_name     text NOT NULL,
    operation      text NOT NULL CHECK (operation IN ('insert', 'update', 'delete')),
    actor          text NOT NULL DEFAULT session_user,
    acting_for     text DEFAULT nullif(current_setting('app.actor', true), ''),
    old_row        jsonb,
    new_row        jsonb,
    PRIMARY KEY (trail_id, changed_at),
    CHECK ((operation = 'insert') = (old_row IS NULL) AND (operation = 'delete') = (new_row IS NULL))
);

-- Runs as the owner role, which no login is a member of: that is how the trail tells a trigger from anybody else.
CREATE FUNCTION risk_management.record_change() RETURNS trigger
    LANGUAGE plpgsql
    SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    INSERT INTO risk_management.audit_trail (table_name, operation, old_row, new_row)
    VALUES (
        tg_table_name,
        lower(tg_op),
        CASE WHEN tg_op <> 'INSERT' THEN to_jsonb(old) END,
        CASE WHEN tg_op <> 'DELETE' THEN to_jsonb(new) END
    );
    RETURN NULL;
END;
$$;
CREATE TRIGGER risk_limits_trail AFTER INSERT OR UPDATE OR DELETE ON risk_management.risk_limits
    FOR EACH ROW EXECUTE FUNCTION risk_management.record_change();
CREATE TRIGGER position_limits_trail AFTER INSERT OR UPDATE OR DELETE ON risk_management.position_limits
    FOR EACH ROW EXECUTE FUNCTION risk_management.record_change();

CREATE FUNCTION risk_management.keep_trail() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF tg_op = 'INSERT' THEN
        IF pg_has_role(current_user, (SELECT relowner FROM pg_class WHERE oid = tg_relid), 'USAGE') THEN
            RETURN new;
        END IF;
        RAISE EXCEPTION '%.% is written by triggers only', tg_table_schema, tg_table_name
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RAISE EXCEPTION '%.% is only ever added to', tg_table_schema, tg_table_name
        USING ERRCODE = 'integrity_constraint_violation';
END;
$$;
CREATE TRIGGER audit_trail_kept BEFORE INSERT OR UPDATE OR DELETE ON risk_management.audit_trail
    FOR EACH ROW EXECUTE FUNCTION risk_management.keep_trail();
