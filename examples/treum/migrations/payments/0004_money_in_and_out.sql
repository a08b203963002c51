-- What the bank reports and what customers order, each posted to the ledger in the transaction that writes it.
CREATE TABLE payments.deposit (
    deposit_id  uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    wallet_id   uuid NOT NULL REFERENCES payments.wallet,
    amount      numeric(19, 4) NOT NULL CHECK (amount > 0),
    bank_ref    text NOT NULL UNIQUE CHECK (length(bank_ref) BETWEEN 1 AND 100),
    received_at timestamptz NOT NULL DEFAULT now(),
    transfer_id uuid NOT NULL UNIQUE REFERENCES payments.transfer
);
COMMENT ON TABLE payments.deposit IS 'Money that came in; a report that comes twice is one deposit.';
CREATE INDEX deposit_wallet_idx ON payments.deposit (wallet_id, received_at DESC) INCLUDE (amount);

CREATE TABLE payments.withdrawal (
    withdrawal_id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    wallet_id     uuid NOT NULL REFERENCES payments.wallet,
    amount        numeric(19, 4) NOT NULL CHECK (amount > 0),
    iban          text NOT NULL CHECK (iban ~ '^[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}$'),
    requested_at  timestamptz NOT NULL DEFAULT now(),
    executed_at   timestamptz CHECK (executed_at >= requested_at),
    transfer_id   uuid NOT NULL UNIQUE REFERENCES payments.transfer
);
COMMENT ON TABLE payments.withdrawal IS 'Money that goes out; it leaves the wallet when it is ordered.';
CREATE INDEX withdrawal_wallet_idx ON payments.withdrawal (wallet_id, requested_at DESC);
CREATE INDEX withdrawal_waiting_idx ON payments.withdrawal (requested_at) WHERE executed_at IS NULL;

CREATE FUNCTION payments.bank_wallet(of_wallet uuid) RETURNS uuid
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    found_id uuid;
BEGIN
    SELECT bank.wallet_id INTO found_id
    FROM payments.wallet AS own
    JOIN payments.wallet AS bank ON bank.account_id IS NULL AND bank.kind = 'bank' AND bank.currency = own.currency
    WHERE own.wallet_id = of_wallet;
    IF found_id IS NULL THEN
        INSERT INTO payments.wallet (kind, currency)
        SELECT 'bank', currency FROM payments.wallet WHERE wallet_id = of_wallet
        ON CONFLICT DO NOTHING;
        SELECT bank.wallet_id INTO STRICT found_id
        FROM payments.wallet AS own
        JOIN payments.wallet AS bank ON bank.account_id IS NULL AND bank.kind = 'bank' AND bank.currency = own.currency
        WHERE own.wallet_id = of_wallet;
    END IF;
    RETURN found_id;
END;
$$;
COMMENT ON FUNCTION payments.bank_wallet IS 'The house''s bank account in the currency of a wallet, opened when it is first needed.';

CREATE FUNCTION payments.post_deposit() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    new.transfer_id := payments.post(
        'deposit ' || new.bank_ref,
        'deposit',
        ARRAY[payments.bank_wallet(new.wallet_id), new.wallet_id],
        ARRAY[-new.amount, new.amount]
    );
    RETURN new;
END;
$$;
CREATE TRIGGER deposit_post BEFORE INSERT ON payments.deposit
    FOR EACH ROW EXECUTE FUNCTION payments.post_deposit();

CREATE FUNCTION payments.post_withdrawal() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    new.transfer_id := payments.post(
        'withdrawal ' || new.withdrawal_id,
        'withdrawal',
        ARRAY[new.wallet_id, payments.bank_wallet(new.wallet_id)],
        ARRAY[-new.amount, new.amount]
    );
    RETURN new;
END;
$$;
CREATE TRIGGER withdrawal_post BEFORE INSERT ON payments.withdrawal
    FOR EACH ROW EXECUTE FUNCTION payments.post_withdrawal();

-- An amount that is in the ledger is not edited beside it.
CREATE FUNCTION payments.keep_posted() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF (new.wallet_id, new.amount, new.transfer_id) IS DISTINCT FROM (old.wallet_id, old.amount, old.transfer_id) THEN
        RAISE EXCEPTION 'what was posted is not edited; reverse the transfer'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN new;
END;
$$;
CREATE TRIGGER deposit_keeps BEFORE UPDATE ON payments.deposit FOR EACH ROW EXECUTE FUNCTION payments.keep_posted();
CREATE TRIGGER withdrawal_keeps BEFORE UPDATE ON payments.withdrawal FOR EACH ROW EXECUTE FUNCTION payments.keep_posted();
