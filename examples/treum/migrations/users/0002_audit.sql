-- Every change of an account leaves a row that the change itself cannot avoid.
CREATE TABLE audit.event (
    event_id    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id  uuid,
    action      text NOT NULL,
    actor       text NOT NULL DEFAULT session_user,
    detail      jsonb NOT NULL DEFAULT '{}',
    occurred_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX event_account_idx ON audit.event (account_id, occurred_at DESC);
CREATE INDEX event_occurred_idx ON audit.event USING brin (occurred_at);

CREATE FUNCTION audit.record_account() RETURNS trigger
    LANGUAGE plpgsql
AS $$
BEGIN
    INSERT INTO audit.event (account_id, action, detail)
    VALUES (
        coalesce(new.account_id, old.account_id),
        'account ' || lower(tg_op),
        jsonb_build_object('status', coalesce(new.status, old.status))
    );
    RETURN NULL;
END;
$$;

CREATE TRIGGER account_audit AFTER INSERT OR UPDATE OR DELETE ON users.account
    FOR EACH ROW EXECUTE FUNCTION audit.record_account();
