-- Invoices; a purchase belongs to another service and is named by its key alone.
CREATE TABLE billing.invoice (
    invoice_id  uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    purchase_id uuid NOT NULL UNIQUE,
    amount      numeric(18, 2) NOT NULL CHECK (amount >= 0),
    paid_at     timestamptz
);
CREATE INDEX invoice_unpaid_idx ON billing.invoice (invoice_id) WHERE paid_at IS NULL;
