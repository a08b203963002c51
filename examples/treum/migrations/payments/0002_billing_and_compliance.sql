-- Subscriptions and their invoices, and the checks a payment provider owes the law.
CREATE TABLE billing.subscription (
    subscription_id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    account_id      uuid NOT NULL,
    plan            text NOT NULL,
    started_on      date NOT NULL,
    ended_on        date CHECK (ended_on >= started_on)
);
CREATE UNIQUE INDEX subscription_running_key ON billing.subscription (account_id, plan) WHERE ended_on IS NULL;

CREATE TABLE billing.invoice (
    invoice_id      uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    subscription_id uuid NOT NULL REFERENCES billing.subscription,
    transfer_id     uuid REFERENCES payments.transfer,
    amount          numeric(18, 2) NOT NULL CHECK (amount >= 0),
    currency        char(3) NOT NULL,
    due_on          date NOT NULL
);
CREATE INDEX invoice_subscription_idx ON billing.invoice (subscription_id);
CREATE INDEX invoice_transfer_idx ON billing.invoice (transfer_id);
CREATE INDEX invoice_unpaid_idx ON billing.invoice (due_on) WHERE transfer_id IS NULL;

CREATE TABLE payments_compliance.check_result (
    check_id   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id uuid NOT NULL,
    kind       text NOT NULL CHECK (kind IN ('kyc', 'aml', 'sanctions', 'fraud')),
    outcome    text NOT NULL CHECK (outcome IN ('clear', 'review', 'refused')),
    score      numeric(5, 4) CHECK (score BETWEEN 0 AND 1),
    checked_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX check_result_account_idx ON payments_compliance.check_result (account_id, kind, checked_at DESC);
CREATE INDEX check_result_review_idx ON payments_compliance.check_result (checked_at) WHERE outcome = 'review';
