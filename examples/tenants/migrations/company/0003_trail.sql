-- Every change of a user or an account leaves a row that the change itself cannot avoid.
CREATE TABLE audit_trail (
    trail_id   bigint GENERATED ALWAYS AS IDENTITY,
    changed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    table_name text NOT NULL,
    operation  text NOT NULL CHECK (operation IN ('insert', 'update', 'delete')),
    actor      text NOT NULL DEFAULT session_user,
    old_row    jsonb,
    new_row    jsonb,
    PRIMARY KEY (trail_id, changed_at)
);

CREATE FUNCTION record_change() RETURNS trigger
    LANGUAGE plpgsql
    SECURITY DEFINER
    SET search_path FROM CURRENT
AS $$
BEGIN
    INSERT INTO audit_trail (table_name, operation, old_row, new_row)
    VALUES (
        tg_table_name,
        lower(tg_op),
        CASE WHEN tg_op <> 'INSERT' THEN to_jsonb(old) END,
        CASE WHEN tg_op <> 'DELETE' THEN to_jsonb(new) END
    );
    RETURN NULL;
END;
$$;
CREATE TRIGGER users_trail AFTER INSERT OR UPDATE OR DELETE ON users
    FOR EACH ROW EXECUTE FUNCTION record_change();
CREATE TRIGGER mt5_accounts_trail AFTER INSERT OR UPDATE OR DELETE ON mt5_accounts
    FOR EACH ROW EXECUTE FUNCTION record_change();

CREATE FUNCTION keep_trail() RETURNS trigger
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
CREATE TRIGGER audit_trail_kept BEFORE INSERT OR UPDATE OR DELETE ON audit_trail
    FOR EACH ROW EXECUTE FUNCTION keep_trail();
