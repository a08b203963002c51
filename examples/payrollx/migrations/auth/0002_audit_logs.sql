-- What happened to logins. Written by triggers as the owner role; the service's own logins can neither forge a row nor
-- change one.

CREATE TABLE auth.audit_logs (
    id             bigint GENERATED ALWAYS AS IDENTITY,
    occurred_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    user_id        uuid,
    action         text NOT NULL,
    actor          text NOT NULL DEFAULT session_user,
    on_behalf_of   text DEFAULT nullif(current_setting('app.actor', true), ''),
    detail         jsonb NOT NULL DEFAULT '{}',
    transaction_id xid8 NOT NULL DEFAULT pg_current_xact_id(),
    -- with the time, because the trail is cut by it
    PRIMARY KEY (id, occurred_at)
);
COMMENT ON COLUMN auth.audit_logs.user_id IS 'Whom it happened to; no foreign key, because the trail outlives the person.';
CREATE INDEX audit_logs_user_idx ON auth.audit_logs (user_id, occurred_at DESC);

CREATE FUNCTION auth.owner_writes_alone() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF NOT pg_has_role((SELECT relowner FROM pg_class WHERE oid = tg_relid), 'USAGE') THEN
        RAISE EXCEPTION '% of %.% is not for logins', lower(tg_op), tg_table_schema, tg_table_name
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN CASE WHEN tg_op = 'DELETE' THEN old ELSE new END;
END;
$$;
-- for each row, so that the pieces of the table are protected too
CREATE TRIGGER audit_logs_protected BEFORE INSERT OR UPDATE OR DELETE ON auth.audit_logs
    FOR EACH ROW EXECUTE FUNCTION auth.owner_writes_alone();

CREATE FUNCTION auth.record_user() RETURNS trigger
    LANGUAGE plpgsql
    SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    -- what changed and to what; neither the hash nor the name of a person goes into a trail
    changed jsonb := '{}';
BEGIN
    IF tg_op = 'UPDATE' THEN
        SELECT coalesce(jsonb_object_agg(n.key, CASE WHEN n.key IN ('role', 'active', 'organization_id') THEN n.value END), '{}')
        INTO changed
        FROM jsonb_each(to_jsonb(new)) AS n
        JOIN jsonb_each(to_jsonb(old)) AS o USING (key)
        WHERE n.value IS DISTINCT FROM o.value AND n.key NOT IN ('updated_at', 'row_version');
        IF changed = '{}' THEN
            RETURN NULL;
        END IF;
    END IF;
    INSERT INTO auth.audit_logs (user_id, action, detail)
    VALUES (coalesce(new.id, old.id), 'user ' || lower(tg_op), changed);
    RETURN NULL;
END;
$$;
CREATE TRIGGER users_audited AFTER INSERT OR UPDATE OR DELETE ON auth.users
    FOR EACH ROW EXECUTE FUNCTION auth.record_user();

CREATE FUNCTION auth.record_revocation() RETURNS trigger
    LANGUAGE plpgsql
    SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    INSERT INTO auth.audit_logs (user_id, action, detail)
    VALUES (new.user_id, 'token revoked', jsonb_build_object('family_id', new.family_id));
    RETURN NULL;
END;
$$;
CREATE TRIGGER refresh_tokens_audited AFTER UPDATE OF revoked_at ON auth.refresh_tokens
    FOR EACH ROW WHEN (old.revoked_at IS NULL AND new.revoked_at IS NOT NULL)
    EXECUTE FUNCTION auth.record_revocation();
