-- Double-entry ledger: the entries of one transfer sum to zero when it commits, and no entry is ever changed.
CREATE TABLE payments.wallet (
    wallet_id  uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    account_id uuid NOT NULL,
    currency   char(3) NOT NULL,
    opened_at  timestamptz NOT NULL DEFAULT now(),
    UNIQUE (account_id, currency)
);

CREATE TABLE payments.transfer (
    transfer_id     uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    idempotency_key text NOT NULL UNIQUE,
    kind            text NOT NULL CHECK (kind IN ('deposit', 'withdrawal', 'fee', 'settlement', 'refund')),
    created_at      timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE payments.entry (
    entry_id    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    transfer_id uuid NOT NULL REFERENCES payments.transfer,
    wallet_id   uuid NOT NULL REFERENCES payments.wallet,
    amount      numeric(28, 8) NOT NULL CHECK (amount <> 0)
);
CREATE INDEX entry_transfer_idx ON payments.entry (transfer_id);
CREATE INDEX entry_wallet_idx ON payments.entry (wallet_id, entry_id);

CREATE FUNCTION payments.check_balanced() RETURNS trigger
    LANGUAGE plpgsql
AS $$
BEGIN
    IF (SELECT sum(amount) FROM payments.entry WHERE transfer_id = new.transfer_id) <> 0 THEN
        RAISE EXCEPTION 'transfer % does not sum to zero', new.transfer_id USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END;
$$;
CREATE CONSTRAINT TRIGGER entry_balanced AFTER INSERT ON payments.entry
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION payments.check_balanced();

CREATE FUNCTION payments.refuse_change() RETURNS trigger
    LANGUAGE plpgsql
AS $$
BEGIN
    RAISE EXCEPTION 'an entry is never changed; write a transfer that reverses it'
        USING ERRCODE = 'integrity_constraint_violation';
END;
$$;
CREATE TRIGGER entry_final BEFORE UPDATE OR DELETE ON payments.entry
    FOR EACH ROW EXECUTE FUNCTION payments.refuse_change();
