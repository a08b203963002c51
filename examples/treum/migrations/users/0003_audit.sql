-- Every change of an account, a profile or a session leaves a row that the change cannot avoid and nobody can edit.
CREATE TABLE audit.event (
    occurred_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    account_id  uuid,
    action      text NOT NULL CHECK (length(action) BETWEEN 1 AND 100),
    actor       text NOT NULL DEFAULT session_user,
    detail      jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(detail) = 'object')
);
COMMENT ON TABLE audit.event IS 'Append-only security trail; secrets and personal data are named in it, never shown.';
CREATE INDEX event_account_idx ON audit.event (account_id, occurred_at DESC);
CREATE INDEX event_action_idx ON audit.event (action, occurred_at DESC);

CREATE FUNCTION audit.record_change() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    hidden  constant text[] := ARRAY['password_hash', 'token_hash', 'email', 'display_name'];
    before  jsonb := CASE WHEN tg_op = 'INSERT' THEN '{}' ELSE to_jsonb(old) END;
    after   jsonb := CASE WHEN tg_op = 'DELETE' THEN '{}' ELSE to_jsonb(new) END;
    changed jsonb;
BEGIN
    SELECT coalesce(jsonb_object_agg(key, CASE WHEN key = ANY (hidden) THEN '"(hidden)"' ELSE after -> key END), '{}')
    INTO changed
    FROM jsonb_object_keys(before || after) AS key
    WHERE key NOT IN ('updated_at', 'last_seen_at') AND before -> key IS DISTINCT FROM after -> key;
    IF tg_op <> 'UPDATE' OR changed <> '{}' THEN
        INSERT INTO audit.event (account_id, action, detail)
        VALUES (((before || after) ->> 'account_id')::uuid, tg_table_name || ' ' || lower(tg_op), changed);
    END IF;
    RETURN NULL;
END;
$$;
CREATE TRIGGER account_audit AFTER INSERT OR UPDATE OR DELETE ON users.account
    FOR EACH ROW EXECUTE FUNCTION audit.record_change();
CREATE TRIGGER profile_audit AFTER UPDATE OR DELETE ON users.profile
    FOR EACH ROW EXECUTE FUNCTION audit.record_change();
CREATE TRIGGER session_audit AFTER INSERT OR UPDATE ON users.session
    FOR EACH ROW EXECUTE FUNCTION audit.record_change();

-- The application may write the trail and not rewrite it; its owner may still let it expire.
CREATE FUNCTION audit.refuse_change() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF pg_has_role((SELECT relowner FROM pg_class WHERE oid = tg_relid), 'USAGE') THEN
        RETURN CASE WHEN tg_op = 'DELETE' THEN old ELSE new END;
    END IF;
    RAISE EXCEPTION 'the audit trail is append-only' USING ERRCODE = 'insufficient_privilege';
END;
$$;
CREATE TRIGGER event_append_only BEFORE UPDATE OR DELETE ON audit.event
    FOR EACH ROW EXECUTE FUNCTION audit.refuse_change();
CREATE TRIGGER event_no_truncate BEFORE TRUNCATE ON audit.event
    FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse_change();

-- The right to be forgotten: the row stays, because others refer to it; the person goes.
CREATE PROCEDURE users.erase(of_account uuid)
    LANGUAGE sql
BEGIN ATOMIC
    DELETE FROM users.session WHERE account_id = of_account;
    DELETE FROM users.profile WHERE account_id = of_account;
    UPDATE users.account
    SET email = of_account || '@erased.invalid', password_hash = '$argon2id$erased', status = 'closed'
    WHERE account_id = of_account;
END;
