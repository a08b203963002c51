-- The service's own audit trail: what was sent to a broker and what came back. Nobody shares it, so a regulator can be given it alone.

CREATE TABLE broker.audit_log (
    audit_id       bigint GENERATED ALWAYS AS IDENTITY,
    occurred_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    actor          text NOT NULL DEFAULT session_user,
    on_behalf_of   text DEFAULT nullif(current_setting('app.actor', true), ''),
    action         text NOT NULL CONSTRAINT audit_log_action_known CHECK (action IN ('insert', 'update', 'delete')),
    entity         text NOT NULL,
    entity_id      text NOT NULL,
    old_row        jsonb,
    new_row        jsonb,
    transaction_id xid8 NOT NULL DEFAULT pg_current_xact_id(),
    -- with the time, because the trail is cut by it
    PRIMARY KEY (audit_id, occurred_at),
    CONSTRAINT audit_log_shows_the_change CHECK (
        (action = 'insert') = (old_row IS NULL) AND (action = 'delete') = (new_row IS NULL)
    )
);
COMMENT ON TABLE broker.audit_log IS 'Written by triggers alone; the service''s logins can neither forge a row nor change one.';
COMMENT ON COLUMN broker.audit_log.on_behalf_of IS 'What the application says in app.actor; actor is what PostgreSQL knows.';
CREATE INDEX audit_log_entity_idx ON broker.audit_log (entity, entity_id, occurred_at DESC);

-- Runs as the owner role: the application's own INSERT, UPDATE and DELETE are refused by owner_writes_alone.
CREATE FUNCTION broker.record_change() RETURNS trigger
    LANGUAGE plpgsql
    SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    -- the trigger names the key column, and then the columns that no trail should hold (hashes, addresses)
    key text := coalesce(to_jsonb(new), to_jsonb(old)) ->> tg_argv[0];
    hidden text[] := coalesce(tg_argv[1:], '{}');
BEGIN
    -- an UPDATE that changes nothing leaves no trace
    IF tg_op = 'UPDATE' AND to_jsonb(new) - '{updated_at,row_version}'::text[]
                          = to_jsonb(old) - '{updated_at,row_version}'::text[] THEN
        RETURN NULL;
    END IF;
    INSERT INTO broker.audit_log (action, entity, entity_id, old_row, new_row)
    VALUES (
        lower(tg_op),
        tg_table_name,
        key,
        CASE WHEN tg_op <> 'INSERT' THEN to_jsonb(old) - hidden END,
        CASE WHEN tg_op <> 'DELETE' THEN to_jsonb(new) - hidden END
    );
    RETURN NULL;
END;
$$;

CREATE FUNCTION broker.owner_writes_alone() RETURNS trigger
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
CREATE TRIGGER audit_log_protected BEFORE INSERT OR UPDATE OR DELETE ON broker.audit_log
    FOR EACH ROW EXECUTE FUNCTION broker.owner_writes_alone();

-- Two writers who read the same version cannot both win: UPDATE .. WHERE row_version = the one that was read.
CREATE FUNCTION broker.next_version() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    new.row_version := old.row_version + 1;
    new.updated_at := clock_timestamp();
    RETURN new;
END;
$$;
