-- Purchases and what was bought. Files that have run are never edited: write the next one.
CREATE TABLE orders.purchase (
    purchase_id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    customer    text NOT NULL,
    placed_at   timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE orders.purchase_line (
    purchase_id uuid NOT NULL REFERENCES orders.purchase ON DELETE CASCADE,
    number      integer NOT NULL CHECK (number > 0),
    article     text NOT NULL,
    quantity    integer NOT NULL CHECK (quantity > 0),
    PRIMARY KEY (purchase_id, number)
);
