-- Double-entry ledger. The entries of a transfer sum to zero in every currency when it commits; nothing that is written
-- is ever changed; a customer's wallet never falls below its floor.
CREATE TABLE payments.wallet (
    wallet_id  uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    account_id uuid,
    kind       text NOT NULL DEFAULT 'customer' CHECK (kind IN ('customer', 'bank', 'fees', 'suspense')),
    currency   char(3) NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    opened_at  timestamptz NOT NULL DEFAULT now(),
    UNIQUE NULLS NOT DISTINCT (account_id, kind, currency),
    UNIQUE (wallet_id, currency),
    CHECK ((kind = 'customer') = (account_id IS NOT NULL))
);
COMMENT ON TABLE payments.wallet IS 'Accounts of the ledger: one of each customer and currency, and the house''s own.';

CREATE TABLE payments.balance (
    wallet_id  uuid PRIMARY KEY REFERENCES payments.wallet,
    amount     numeric(19, 4) NOT NULL DEFAULT 0,
    floor      numeric(19, 4),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT balance_above_floor CHECK (amount >= floor)
) WITH (fillfactor = 50);
COMMENT ON TABLE payments.balance IS 'What each wallet holds; moved by entries alone. A floor of null lets the house owe.';

CREATE TABLE payments.transfer (
    transfer_id     uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    idempotency_key text NOT NULL UNIQUE CHECK (length(idempotency_key) BETWEEN 8 AND 200),
    kind            text NOT NULL CHECK (kind IN ('deposit', 'withdrawal', 'payment', 'fee', 'refund', 'reversal')),
    entries         smallint NOT NULL CHECK (entries >= 2),
    reverses        uuid UNIQUE REFERENCES payments.transfer,
    created_at      timestamptz NOT NULL DEFAULT now(),
    created_by      text NOT NULL DEFAULT session_user,
    CHECK ((kind = 'reversal') = (reverses IS NOT NULL))
);
COMMENT ON TABLE payments.transfer IS 'Movements of money. It says how many entries it has, so that none can be added later.';
CREATE INDEX transfer_time_idx ON payments.transfer USING brin (created_at) WITH (pages_per_range = 16);

CREATE TABLE payments.entry (
    entry_id    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    transfer_id uuid NOT NULL REFERENCES payments.transfer,
    wallet_id   uuid NOT NULL,
    currency    char(3) NOT NULL,
    amount      numeric(19, 4) NOT NULL CHECK (amount <> 0),
    FOREIGN KEY (wallet_id, currency) REFERENCES payments.wallet (wallet_id, currency)
);
COMMENT ON TABLE payments.entry IS 'One side of a transfer: what one wallet gains or loses.';
CREATE INDEX entry_transfer_idx ON payments.entry (transfer_id) INCLUDE (currency, amount);
CREATE INDEX entry_wallet_idx ON payments.entry (wallet_id, entry_id DESC);

CREATE FUNCTION payments.check_transfer() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    promised smallint;
    written  bigint;
    wrong    text;
BEGIN
    SELECT entries INTO promised FROM payments.transfer WHERE transfer_id = new.transfer_id;
    SELECT sum(count), string_agg(currency || ' ' || total, ', ') FILTER (WHERE total <> 0)
    INTO written, wrong
    FROM (
        SELECT currency, count(*), sum(amount) AS total
        FROM payments.entry
        WHERE transfer_id = new.transfer_id
        GROUP BY currency
    ) AS sides;
    IF wrong IS NOT NULL THEN
        RAISE EXCEPTION 'transfer % is out of balance by %', new.transfer_id, wrong USING ERRCODE = 'check_violation';
    ELSIF written IS DISTINCT FROM promised THEN
        RAISE EXCEPTION 'transfer % says % entries and has %', new.transfer_id, promised, coalesce(written, 0)
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END;
$$;
CREATE CONSTRAINT TRIGGER transfer_complete AFTER INSERT ON payments.transfer
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION payments.check_transfer();
CREATE CONSTRAINT TRIGGER entry_balanced AFTER INSERT ON payments.entry
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION payments.check_transfer();

CREATE FUNCTION payments.refuse_change() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RAISE EXCEPTION 'a posting is never changed; write a transfer that reverses it'
        USING ERRCODE = 'integrity_constraint_violation';
END;
$$;
CREATE TRIGGER transfer_final BEFORE UPDATE OR DELETE ON payments.transfer
    FOR EACH ROW EXECUTE FUNCTION payments.refuse_change();
CREATE TRIGGER transfer_no_truncate BEFORE TRUNCATE ON payments.transfer
    FOR EACH STATEMENT EXECUTE FUNCTION payments.refuse_change();
CREATE TRIGGER entry_final BEFORE UPDATE OR DELETE ON payments.entry
    FOR EACH ROW EXECUTE FUNCTION payments.refuse_change();
CREATE TRIGGER entry_no_truncate BEFORE TRUNCATE ON payments.entry
    FOR EACH STATEMENT EXECUTE FUNCTION payments.refuse_change();

-- Balances follow wallets and entries, and only triggers of those may touch them: at depth one stands a client.
CREATE FUNCTION payments.guard_balance() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF pg_trigger_depth() < 2 THEN
        RAISE EXCEPTION 'a balance follows from entries and is never written' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN CASE WHEN tg_op = 'DELETE' THEN old ELSE new END;
END;
$$;
CREATE TRIGGER balance_guard BEFORE INSERT OR UPDATE OR DELETE ON payments.balance
    FOR EACH ROW EXECUTE FUNCTION payments.guard_balance();

CREATE FUNCTION payments.open_balance() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    INSERT INTO payments.balance (wallet_id, floor) VALUES (new.wallet_id, CASE new.kind WHEN 'customer' THEN 0 END);
    RETURN NULL;
END;
$$;
CREATE TRIGGER wallet_opens_balance AFTER INSERT ON payments.wallet
    FOR EACH ROW EXECUTE FUNCTION payments.open_balance();

CREATE FUNCTION payments.move_balance() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    UPDATE payments.balance SET amount = amount + new.amount, updated_at = now() WHERE wallet_id = new.wallet_id;
    RETURN NULL;
END;
$$;
CREATE TRIGGER entry_moves_balance AFTER INSERT ON payments.entry
    FOR EACH ROW EXECUTE FUNCTION payments.move_balance();

-- Posts a transfer: the same key again is the same transfer again. Wallets are taken in one order, so that two transfers
-- between the same wallets wait for each other and never deadlock.
CREATE FUNCTION payments.post(key text, transfer_kind text, wallets uuid[], amounts numeric[]) RETURNS uuid
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    posted uuid;
BEGIN
    IF cardinality(wallets) IS DISTINCT FROM cardinality(amounts) THEN
        RAISE EXCEPTION 'each wallet needs an amount' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    INSERT INTO payments.transfer (idempotency_key, kind, entries)
    VALUES (key, transfer_kind, cardinality(wallets))
    ON CONFLICT (idempotency_key) DO NOTHING
    RETURNING transfer_id INTO posted;
    IF posted IS NULL THEN
        SELECT transfer_id INTO posted FROM payments.transfer WHERE idempotency_key = key;
        IF EXISTS (
            (SELECT wallet_id, amount FROM payments.entry WHERE transfer_id = posted)
            EXCEPT ALL
            (SELECT * FROM unnest(wallets, amounts))
        ) OR (SELECT entries FROM payments.transfer WHERE transfer_id = posted) <> cardinality(wallets) THEN
            RAISE EXCEPTION 'key "%" was used for another transfer', key USING ERRCODE = 'unique_violation';
        END IF;
        RETURN posted;
    END IF;
    INSERT INTO payments.entry (transfer_id, wallet_id, currency, amount)
    SELECT posted, leg.wallet_id, wallet.currency, leg.amount
    FROM unnest(wallets, amounts) AS leg (wallet_id, amount)
    JOIN payments.wallet USING (wallet_id)
    ORDER BY leg.wallet_id;
    RETURN posted;
END;
$$;
COMMENT ON FUNCTION payments.post IS 'Posts a balanced transfer once for each key, and answers its id.';

CREATE FUNCTION payments.reverse(of_transfer uuid) RETURNS uuid
    LANGUAGE sql
BEGIN ATOMIC
    WITH header AS (
        INSERT INTO payments.transfer (idempotency_key, kind, entries, reverses)
        SELECT 'reversal of ' || transfer_id, 'reversal', entries, transfer_id
        FROM payments.transfer
        WHERE transfer_id = of_transfer
        RETURNING transfer_id
    ), sides AS (
        INSERT INTO payments.entry (transfer_id, wallet_id, currency, amount)
        SELECT header.transfer_id, e.wallet_id, e.currency, -e.amount
        FROM header, payments.entry AS e
        WHERE e.transfer_id = of_transfer
        ORDER BY e.wallet_id
    )
    SELECT transfer_id FROM header;
END;

-- What an auditor runs: no row is a ledger in order.
CREATE VIEW payments.trial_balance WITH (security_invoker = true) AS
SELECT w.wallet_id, w.currency, b.amount AS balance, coalesce(e.total, 0) AS entries
FROM payments.wallet AS w
JOIN payments.balance AS b USING (wallet_id)
LEFT JOIN (SELECT wallet_id, sum(amount) AS total FROM payments.entry GROUP BY wallet_id) AS e USING (wallet_id)
WHERE b.amount <> coalesce(e.total, 0);
COMMENT ON VIEW payments.trial_balance IS 'Wallets whose balance is not the sum of their entries.';
