-- What a payment provider owes the law: knowing its customers, and noticing what looks like laundering or fraud.
CREATE TABLE payments_compliance.identity_check (
    check_id   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id uuid NOT NULL,
    kind       text NOT NULL CHECK (kind IN ('kyc', 'aml', 'sanctions')),
    outcome    text NOT NULL CHECK (outcome IN ('clear', 'review', 'refused')),
    provider   text NOT NULL,
    evidence   jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(evidence) = 'object'),
    checked_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL CHECK (expires_at > checked_at)
);
COMMENT ON TABLE payments_compliance.identity_check IS 'Checks of customers; the newest of each kind counts until it expires.';
CREATE INDEX identity_check_account_idx ON payments_compliance.identity_check (account_id, kind, checked_at DESC);
CREATE INDEX identity_check_review_idx ON payments_compliance.identity_check (checked_at) WHERE outcome = 'review';

CREATE TABLE payments_compliance.restricted_country (
    country char(2) PRIMARY KEY CHECK (country ~ '^[A-Z]{2}$'),
    reason  text NOT NULL
);
COMMENT ON TABLE payments_compliance.restricted_country IS 'Where no customer may come from.';

CREATE TABLE payments_compliance.fraud_rule (
    rule_id   text PRIMARY KEY,
    kind      text NOT NULL CHECK (kind IN ('large', 'velocity', 'structuring', 'first_payment')),
    threshold numeric(19, 4) NOT NULL CHECK (threshold > 0),
    within    interval NOT NULL CHECK (within > interval '0'),
    weight    numeric(4, 3) NOT NULL CHECK (weight BETWEEN 0 AND 1),
    active    boolean NOT NULL DEFAULT true
);
COMMENT ON TABLE payments_compliance.fraud_rule IS 'Rules that are data: what they look at, from which value on, and what they weigh.';
INSERT INTO payments_compliance.fraud_rule (rule_id, kind, threshold, within, weight) VALUES
    ('large-withdrawal', 'large', 10000, interval '1 day', 0.4),
    ('many-in-an-hour', 'velocity', 10, interval '1 hour', 0.5),
    ('just-below-the-limit', 'structuring', 10000, interval '1 day', 0.6),
    ('first-payment-is-large', 'first_payment', 2000, interval '30 days', 0.3);

CREATE TABLE payments_compliance.fraud_case (
    case_id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    wallet_id   uuid NOT NULL REFERENCES payments.wallet,
    amount      numeric(19, 4) NOT NULL CHECK (amount > 0),
    score       numeric(4, 3) NOT NULL CHECK (score BETWEEN 0 AND 1),
    rules       text[] NOT NULL CHECK (cardinality(rules) > 0),
    verdict     text NOT NULL DEFAULT 'open' CHECK (verdict IN ('open', 'fraud', 'fine')),
    raised_at   timestamptz NOT NULL DEFAULT now(),
    decided_at  timestamptz,
    CHECK ((verdict = 'open') = (decided_at IS NULL))
);
COMMENT ON TABLE payments_compliance.fraud_case IS 'Payments that rules held back, and what became of them.';
CREATE INDEX fraud_case_wallet_idx ON payments_compliance.fraud_case (wallet_id, raised_at DESC);
CREATE INDEX fraud_case_open_idx ON payments_compliance.fraud_case (score DESC, raised_at) WHERE verdict = 'open';

-- Weighs a payment that is about to be made. Rules count independently: the score is the chance that not all are wrong.
CREATE FUNCTION payments_compliance.screen_payment(from_wallet uuid, payment numeric)
    RETURNS TABLE (score numeric, rules text[], allowed boolean)
    LANGUAGE sql
BEGIN ATOMIC
    WITH hit AS (
        SELECT r.rule_id, r.weight
        FROM payments_compliance.fraud_rule AS r
        CROSS JOIN LATERAL (
            SELECT count(*) AS payments,
                   count(*) FILTER (WHERE -e.amount >= r.threshold * 0.9 AND -e.amount < r.threshold) AS just_below
            FROM payments.entry AS e
            JOIN payments.transfer AS t USING (transfer_id)
            WHERE e.wallet_id = from_wallet AND e.amount < 0 AND t.created_at > now() - r.within
        ) AS seen
        WHERE r.active
          AND CASE r.kind
                  WHEN 'large' THEN payment >= r.threshold
                  WHEN 'velocity' THEN seen.payments + 1 >= r.threshold
                  WHEN 'structuring' THEN seen.just_below >= 1 AND payment >= r.threshold * 0.9 AND payment < r.threshold
                  WHEN 'first_payment' THEN seen.payments = 0 AND payment >= r.threshold
              END
    ), weighed AS (
        -- the product of what each rule leaves over; a weight of 1 leaves nothing
        SELECT CASE WHEN bool_or(weight = 1) THEN 1 ELSE 1 - exp(sum(ln(1 - nullif(weight, 1)))) END AS score,
               array_agg(rule_id ORDER BY rule_id) AS rules
        FROM hit
    ), raised AS (
        INSERT INTO payments_compliance.fraud_case (wallet_id, amount, score, rules)
        SELECT from_wallet, payment, weighed.score, weighed.rules FROM weighed WHERE weighed.score >= 0.5
    )
    SELECT coalesce(round(weighed.score, 3), 0), coalesce(weighed.rules, '{}'), coalesce(weighed.score < 0.5, true)
    FROM weighed;
END;
COMMENT ON FUNCTION payments_compliance.screen_payment IS 'Scores a payment by the rules; half or more is held back as a case.';

-- Whether a customer may move money at all: each check is clear and has not expired, and the country is not restricted.
CREATE FUNCTION payments_compliance.cleared(of_account uuid) RETURNS boolean
    LANGUAGE plpgsql STABLE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (
        SELECT count(*) = 3 AND bool_and(outcome = 'clear' AND expires_at > now())
        FROM (
            SELECT DISTINCT ON (kind) outcome, expires_at
            FROM payments_compliance.identity_check
            WHERE account_id = of_account
            ORDER BY kind, checked_at DESC
        ) AS newest
    ) AND NOT EXISTS (
        SELECT FROM users.profile JOIN payments_compliance.restricted_country USING (country)
        WHERE account_id = of_account
    );
END;
$$;
COMMENT ON FUNCTION payments_compliance.cleared IS 'Whether a customer is known and allowed; reads the published profile.';
