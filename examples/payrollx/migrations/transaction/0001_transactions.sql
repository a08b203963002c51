-- Money on its way. A transaction is an order to pay: it is sent at least once and takes effect once.

-- Two writers who read the same version cannot both win: UPDATE .. WHERE row_version = the one that was read.
CREATE FUNCTION transaction.next_version() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    new.row_version := old.row_version + 1;
    new.updated_at := clock_timestamp();
    RETURN new;
END;
$$;

CREATE FUNCTION transaction.owner_writes_alone() RETURNS trigger
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

CREATE TABLE transaction.transactions (
    id              uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    organization_id uuid NOT NULL,
    payroll_item_id uuid,
    from_wallet_id  uuid NOT NULL,
    to_wallet_id    uuid NOT NULL,
    amount          numeric(18, 2) NOT NULL CONSTRAINT transactions_amount_positive CHECK (amount > 0),
    currency        char(3) NOT NULL CONSTRAINT transactions_currency_form CHECK (currency ~ '^[A-Z]{3}$'),
    status          text NOT NULL DEFAULT 'pending' CONSTRAINT transactions_status_known
        CHECK (status IN ('pending', 'submitted', 'settled', 'failed', 'reversed')),
    idempotency_key text NOT NULL,
    attempts        integer NOT NULL DEFAULT 0 CONSTRAINT transactions_attempts_bounded CHECK (attempts BETWEEN 0 AND 20),
    due_at          timestamptz NOT NULL DEFAULT now(),
    created_at      timestamptz NOT NULL DEFAULT now(),
    settled_at      timestamptz,
    failure         text,
    updated_at      timestamptz NOT NULL DEFAULT now(),
    row_version     bigint NOT NULL DEFAULT 1,
    CONSTRAINT transactions_idempotency_key UNIQUE (idempotency_key),
    CONSTRAINT transactions_between_two_wallets CHECK (from_wallet_id <> to_wallet_id),
    CONSTRAINT transactions_settled_has_a_time CHECK ((status IN ('settled', 'reversed')) = (settled_at IS NOT NULL)),
    CONSTRAINT transactions_failed_says_why CHECK ((status = 'failed') = (failure IS NOT NULL))
);
COMMENT ON TABLE transaction.transactions IS 'Published: compliance reports from it.';
CREATE UNIQUE INDEX transactions_item_key ON transaction.transactions (payroll_item_id)
    WHERE payroll_item_id IS NOT NULL AND status NOT IN ('failed', 'reversed');
COMMENT ON INDEX transaction.transactions_item_key IS 'A payroll item is paid once; only after a failure may it be paid again.';
CREATE INDEX transactions_due_idx ON transaction.transactions (due_at) WHERE status = 'pending';
CREATE INDEX transactions_unsettled_idx ON transaction.transactions (updated_at) WHERE status = 'submitted';
CREATE INDEX transactions_organization_idx ON transaction.transactions (organization_id, created_at DESC)
    INCLUDE (amount, currency, status);

CREATE TABLE transaction.transaction_logs (
    id             bigint GENERATED ALWAYS AS IDENTITY,
    transaction_id uuid NOT NULL REFERENCES transaction.transactions,
    logged_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    old_status     text,
    new_status     text NOT NULL,
    attempts       integer NOT NULL,
    failure        text,
    actor          text NOT NULL DEFAULT session_user,
    -- with the time, because the log is cut by it
    PRIMARY KEY (id, logged_at)
);
COMMENT ON TABLE transaction.transaction_logs IS 'Every change of state, written by a trigger; no login can write or change a row.';
CREATE INDEX transaction_logs_transaction_idx ON transaction.transaction_logs (transaction_id, id);
CREATE INDEX transaction_logs_failed_idx ON transaction.transaction_logs (logged_at DESC) INCLUDE (transaction_id)
    WHERE new_status = 'failed';
-- for each row, so that the pieces of the table are protected too
CREATE TRIGGER transaction_logs_protected BEFORE INSERT OR UPDATE OR DELETE ON transaction.transaction_logs
    FOR EACH ROW EXECUTE FUNCTION transaction.owner_writes_alone();

CREATE FUNCTION transaction.guard() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    allowed boolean;
    fixed constant text[] := '{id,organization_id,payroll_item_id,from_wallet_id,to_wallet_id,amount,currency,idempotency_key,created_at}';
    a_column text;
BEGIN
    IF tg_op = 'INSERT' THEN
        IF new.status <> 'pending' THEN
            RAISE EXCEPTION 'a transaction begins pending' USING ERRCODE = 'integrity_constraint_violation';
        END IF;
        RETURN new;
    END IF;
    allowed := new.status = old.status OR CASE old.status
        WHEN 'pending' THEN new.status IN ('submitted', 'failed')
        WHEN 'submitted' THEN new.status IN ('settled', 'failed', 'pending')
        WHEN 'settled' THEN new.status = 'reversed'
        ELSE false
    END;
    IF NOT allowed THEN
        RAISE EXCEPTION 'a transaction that is % cannot become %', old.status, new.status
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    FOREACH a_column IN ARRAY fixed LOOP
        IF to_jsonb(new) -> a_column IS DISTINCT FROM to_jsonb(old) -> a_column THEN
            RAISE EXCEPTION '% of a transaction does not change', a_column
                USING ERRCODE = 'integrity_constraint_violation';
        END IF;
    END LOOP;
    RETURN new;
END;
$$;
CREATE TRIGGER transactions_guarded BEFORE INSERT OR UPDATE ON transaction.transactions
    FOR EACH ROW EXECUTE FUNCTION transaction.guard();
CREATE TRIGGER transactions_version BEFORE UPDATE ON transaction.transactions
    FOR EACH ROW EXECUTE FUNCTION transaction.next_version();

CREATE FUNCTION transaction.log() RETURNS trigger
    LANGUAGE plpgsql
    SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    INSERT INTO transaction.transaction_logs (transaction_id, old_status, new_status, attempts, failure)
    VALUES (new.id, CASE WHEN tg_op = 'UPDATE' THEN old.status END, new.status, new.attempts, new.failure);
    RETURN NULL;
END;
$$;
CREATE TRIGGER transactions_logged_new AFTER INSERT ON transaction.transactions
    FOR EACH ROW EXECUTE FUNCTION transaction.log();
CREATE TRIGGER transactions_logged_change AFTER UPDATE ON transaction.transactions
    FOR EACH ROW WHEN (new.status IS DISTINCT FROM old.status) EXECUTE FUNCTION transaction.log();

-- Takes what is due and marks it submitted; two workers never take the same and never wait for each other.
CREATE FUNCTION transaction.take_due(how_many integer) RETURNS SETOF transaction.transactions
    LANGUAGE sql
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    UPDATE transaction.transactions AS t
    SET status = 'submitted', attempts = t.attempts + 1
    WHERE t.id IN (
        SELECT q.id
        FROM transaction.transactions AS q
        WHERE q.status = 'pending' AND q.due_at <= now() AND q.attempts < 20
        ORDER BY q.due_at
        LIMIT how_many
        FOR UPDATE SKIP LOCKED
    )
    RETURNING t.*;
END;
