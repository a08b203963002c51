-- How the audit log fills: from triggers for what is configured here, from the services' trails for everything else.
CREATE SEQUENCE shared.trail_seq AS bigint;

CREATE FUNCTION shared.record_config() RETURNS trigger
    LANGUAGE plpgsql
    SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    INSERT INTO shared.audit_log (source, trail_id, changed_at, table_name, operation, actor, acting_for, old_row, new_row)
    VALUES (
        tg_table_schema,
        nextval('shared.trail_seq'),
        clock_timestamp(),
        tg_table_name,
        lower(tg_op),
        session_user,
        nullif(current_setting('app.actor', true), ''),
        -- what is sealed stays out of a log that more people may read
        CASE WHEN tg_op <> 'INSERT' THEN to_jsonb(old) - 'sealed' END,
        CASE WHEN tg_op <> 'DELETE' THEN to_jsonb(new) - 'sealed' END
    );
    RETURN NULL;
END;
$$;
CREATE TRIGGER system_config_trail AFTER INSERT OR UPDATE OR DELETE ON shared.system_config
    FOR EACH ROW EXECUTE FUNCTION shared.record_config();

CREATE FUNCTION shared.keep_log() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF tg_op = 'INSERT' THEN
        -- collected rows come from outside; they may not pose as what the trigger here wrote
        IF new.source <> tg_table_schema
            OR pg_has_role(current_user, (SELECT relowner FROM pg_class WHERE oid = tg_relid), 'USAGE') THEN
            RETURN new;
        END IF;
    END IF;
    RAISE EXCEPTION '%.% is only ever added to, by triggers and from trails', tg_table_schema, tg_table_name
        USING ERRCODE = 'integrity_constraint_violation';
END;
$$;
CREATE TRIGGER audit_log_kept BEFORE INSERT OR UPDATE OR DELETE ON shared.audit_log
    FOR EACH ROW EXECUTE FUNCTION shared.keep_log();

-- Takes over what one service's trail has beyond what is here. A transaction that began before others and committed
-- after them has a smaller number than theirs, so the last hour is looked at again every time.
CREATE FUNCTION shared.collect(from_source text) RETURNS bigint
    LANGUAGE plpgsql
AS $$
DECLARE
    taken bigint;
BEGIN
    IF from_source NOT IN ('strategy_engine', 'execution', 'risk_management', 'notification') THEN
        RAISE EXCEPTION 'no trail of %', from_source USING ERRCODE = 'invalid_parameter_value';
    END IF;
    EXECUTE format(
        'INSERT INTO shared.audit_log'
        '    (source, trail_id, changed_at, table_name, operation, actor, acting_for, old_row, new_row)'
        ' SELECT %L, trail_id, changed_at, table_name, operation, actor, acting_for, old_row, new_row'
        ' FROM %I.audit_trail'
        ' WHERE changed_at >= coalesce('
        '     (SELECT max(changed_at) FROM shared.audit_log WHERE source = %1$L), ''-infinity'') - interval ''1 hour'''
        ' ON CONFLICT DO NOTHING',
        from_source, from_source
    );
    GET DIAGNOSTICS taken = ROW_COUNT;
    RETURN taken;
END;
$$;
