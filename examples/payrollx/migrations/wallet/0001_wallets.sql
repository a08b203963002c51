-- Wallets and their entries. A balance is the sum of its entries: it moves with them, in one transaction, and no login
-- can write it.

-- Two writers who read the same version cannot both win: UPDATE .. WHERE row_version = the one that was read.
CREATE FUNCTION wallet.next_version() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    new.row_version := old.row_version + 1;
    new.updated_at := clock_timestamp();
    RETURN new;
END;
$$;

CREATE FUNCTION wallet.owner_writes_alone() RETURNS trigger
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

CREATE TABLE wallet.wallets (
    id              uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    employee_id     uuid,
    organization_id uuid,
    currency        char(3) NOT NULL CONSTRAINT wallets_currency_form CHECK (currency ~ '^[A-Z]{3}$'),
    balance         numeric(18, 2) NOT NULL DEFAULT 0,
    overdraft       numeric(18, 2) NOT NULL DEFAULT 0 CONSTRAINT wallets_overdraft_not_negative CHECK (overdraft >= 0),
    status          text NOT NULL DEFAULT 'open' CONSTRAINT wallets_status_known CHECK (status IN ('open', 'frozen', 'closed')),
    opened_at       timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now(),
    row_version     bigint NOT NULL DEFAULT 1,
    CONSTRAINT wallets_have_one_holder CHECK (num_nonnulls(employee_id, organization_id) = 1),
    CONSTRAINT wallets_people_have_no_overdraft CHECK (employee_id IS NULL OR overdraft = 0),
    CONSTRAINT wallets_never_overdrawn CHECK (balance >= -overdraft),
    CONSTRAINT wallets_closed_empty CHECK (status <> 'closed' OR balance = 0)
);
COMMENT ON COLUMN wallet.wallets.balance IS 'The sum of wallet_transactions.amount; follows from them.';
CREATE UNIQUE INDEX wallets_employee_key ON wallet.wallets (employee_id, currency) WHERE status <> 'closed';
CREATE UNIQUE INDEX wallets_organization_key ON wallet.wallets (organization_id, currency) WHERE status <> 'closed';
CREATE TRIGGER wallets_balance_protected BEFORE UPDATE OF balance OR DELETE ON wallet.wallets
    FOR EACH STATEMENT EXECUTE FUNCTION wallet.owner_writes_alone();
CREATE TRIGGER wallets_version BEFORE UPDATE ON wallet.wallets
    FOR EACH ROW EXECUTE FUNCTION wallet.next_version();

CREATE FUNCTION wallet.open_empty() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    new.balance := 0;
    RETURN new;
END;
$$;
CREATE TRIGGER wallets_open_empty BEFORE INSERT ON wallet.wallets
    FOR EACH ROW EXECUTE FUNCTION wallet.open_empty();

CREATE TABLE wallet.wallet_transactions (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    wallet_id       uuid NOT NULL REFERENCES wallet.wallets,
    amount          numeric(18, 2) NOT NULL CONSTRAINT wallet_transactions_amount_not_zero CHECK (amount <> 0),
    kind            text NOT NULL CONSTRAINT wallet_transactions_kind_known
        CHECK (kind IN ('salary', 'deposit', 'withdrawal', 'payout', 'fee', 'reversal')),
    idempotency_key text NOT NULL,
    balance_after   numeric(18, 2) NOT NULL,
    created_at      timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT wallet_transactions_idempotency_key UNIQUE (idempotency_key),
    CONSTRAINT wallet_transactions_signed_as_their_kind CHECK (
        CASE WHEN kind IN ('salary', 'deposit') THEN amount > 0
             WHEN kind IN ('withdrawal', 'payout', 'fee') THEN amount < 0
             ELSE true
        END
    )
);
COMMENT ON COLUMN wallet.wallet_transactions.idempotency_key IS 'Names what caused the entry: the same cause moves money once.';
COMMENT ON COLUMN wallet.wallet_transactions.balance_after IS 'The wallet''s balance with this entry; set by the trigger.';
CREATE INDEX wallet_transactions_wallet_idx ON wallet.wallet_transactions (wallet_id, id DESC) INCLUDE (amount, balance_after);
CREATE INDEX wallet_transactions_created_idx ON wallet.wallet_transactions USING brin (created_at);

-- Runs as the owner role, which alone may write a balance. The row lock of the UPDATE puts entries of one wallet in order.
CREATE FUNCTION wallet.book() RETURNS trigger
    LANGUAGE plpgsql
    SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    UPDATE wallet.wallets
    SET balance = balance + new.amount
    WHERE id = new.wallet_id AND status = 'open'
    RETURNING balance INTO new.balance_after;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'wallet % is not open', new.wallet_id USING ERRCODE = 'check_violation';
    END IF;
    RETURN new;
END;
$$;
CREATE TRIGGER wallet_transactions_booked BEFORE INSERT ON wallet.wallet_transactions
    FOR EACH ROW EXECUTE FUNCTION wallet.book();

CREATE FUNCTION wallet.refuse_change() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RAISE EXCEPTION 'an entry is never changed; write a reversal' USING ERRCODE = 'integrity_constraint_violation';
END;
$$;
CREATE TRIGGER wallet_transactions_final BEFORE UPDATE OR DELETE ON wallet.wallet_transactions
    FOR EACH ROW EXECUTE FUNCTION wallet.refuse_change();
