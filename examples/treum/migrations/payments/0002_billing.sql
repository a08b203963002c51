-- Plans, subscriptions, invoices and what pays them. Of a card only the provider's token is kept.
CREATE TABLE billing.plan (
    plan_id  text PRIMARY KEY CHECK (plan_id ~ '^[a-z0-9-]{1,40}$'),
    name     text NOT NULL,
    price    numeric(19, 4) NOT NULL CHECK (price >= 0),
    currency char(3) NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    billed   text NOT NULL CHECK (billed IN ('monthly', 'yearly'))
);
COMMENT ON TABLE billing.plan IS 'What can be subscribed to.';

CREATE TABLE billing.subscription (
    subscription_id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    account_id      uuid NOT NULL,
    plan_id         text NOT NULL REFERENCES billing.plan,
    period          daterange NOT NULL CHECK (NOT isempty(period) AND NOT lower_inf(period)),
    -- nobody pays twice for the same plan on the same day
    CONSTRAINT subscription_no_overlap EXCLUDE USING gist (account_id WITH =, plan_id WITH =, period WITH &&)
);
COMMENT ON TABLE billing.subscription IS 'Who subscribes to what, and from when to when.';
CREATE INDEX subscription_plan_idx ON billing.subscription (plan_id);

CREATE TABLE billing.invoice (
    invoice_id      uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    subscription_id uuid NOT NULL REFERENCES billing.subscription,
    currency        char(3) NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    issued_on       date NOT NULL,
    due_on          date NOT NULL CHECK (due_on >= issued_on),
    paid_by         uuid UNIQUE REFERENCES payments.transfer,
    UNIQUE (subscription_id, issued_on)
);
COMMENT ON TABLE billing.invoice IS 'What is owed; paid when a transfer says so.';
CREATE INDEX invoice_unpaid_idx ON billing.invoice (due_on) INCLUDE (subscription_id) WHERE paid_by IS NULL;

CREATE TABLE billing.invoice_line (
    invoice_id uuid NOT NULL REFERENCES billing.invoice ON DELETE CASCADE,
    number     smallint NOT NULL CHECK (number > 0),
    text       text NOT NULL,
    quantity   numeric(12, 3) NOT NULL CHECK (quantity > 0),
    unit_price numeric(19, 4) NOT NULL,
    tax_rate   numeric(5, 4) NOT NULL DEFAULT 0 CHECK (tax_rate BETWEEN 0 AND 1),
    net        numeric(19, 2) NOT NULL GENERATED ALWAYS AS (round(quantity * unit_price, 2)) STORED,
    tax        numeric(19, 2) NOT NULL GENERATED ALWAYS AS (round(quantity * unit_price * tax_rate, 2)) STORED,
    PRIMARY KEY (invoice_id, number)
);
COMMENT ON TABLE billing.invoice_line IS 'The lines of an invoice; net and tax are computed, rounded line by line.';

CREATE VIEW billing.invoice_total WITH (security_invoker = true) AS
SELECT invoice_id, currency, paid_by, sum(net) AS net, sum(tax) AS tax, sum(net + tax) AS gross
FROM billing.invoice
JOIN billing.invoice_line USING (invoice_id)
GROUP BY invoice_id;
COMMENT ON VIEW billing.invoice_total IS 'Each invoice with its sums.';

CREATE TABLE billing.payment_method (
    method_id  uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    account_id uuid NOT NULL,
    provider   text NOT NULL,
    -- a number that could be a card's is refused, whoever sends it
    token      text NOT NULL CHECK (regexp_replace(token, '[ -]', '', 'g') !~ '[0-9]{12,19}'),
    brand      text NOT NULL,
    last_four  char(4) NOT NULL CHECK (last_four ~ '^[0-9]{4}$'),
    expires_on date NOT NULL,
    removed_at timestamptz,
    UNIQUE (provider, token)
);
COMMENT ON TABLE billing.payment_method IS 'Ways to pay, as tokens of the provider; never a card number.';
CREATE INDEX payment_method_account_idx ON billing.payment_method (account_id) WHERE removed_at IS NULL;
