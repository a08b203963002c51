-- Orders on their way: each is routed once, and its state only moves forward.

CREATE TABLE broker.broker_orders (
    broker_order_id   uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    order_id          uuid NOT NULL,
    broker_account_id uuid NOT NULL REFERENCES broker.broker_accounts,
    external_order_id text,
    state             text NOT NULL DEFAULT 'queued' CONSTRAINT broker_orders_state_known
        CHECK (state IN ('queued', 'sent', 'accepted', 'rejected', 'done', 'cancelled')),
    attempts          integer NOT NULL DEFAULT 0 CONSTRAINT broker_orders_attempts_not_negative CHECK (attempts >= 0),
    queued_at         timestamptz NOT NULL DEFAULT now(),
    updated_at        timestamptz NOT NULL DEFAULT now(),
    row_version       bigint NOT NULL DEFAULT 1,
    CONSTRAINT broker_orders_accepted_has_an_id CHECK (state NOT IN ('accepted', 'done') OR external_order_id IS NOT NULL)
);
COMMENT ON COLUMN broker.broker_orders.order_id IS 'trading.orders';
CREATE UNIQUE INDEX broker_orders_live_key ON broker.broker_orders (order_id) WHERE state NOT IN ('rejected', 'cancelled');
COMMENT ON INDEX broker.broker_orders_live_key IS 'An order is at one broker at a time.';
CREATE UNIQUE INDEX broker_orders_external_key ON broker.broker_orders (broker_account_id, external_order_id)
    WHERE external_order_id IS NOT NULL;
CREATE INDEX broker_orders_queue_idx ON broker.broker_orders (queued_at) WHERE state = 'queued';
CREATE TRIGGER broker_orders_version BEFORE UPDATE ON broker.broker_orders
    FOR EACH ROW EXECUTE FUNCTION broker.next_version();
CREATE TRIGGER broker_orders_audited AFTER INSERT OR UPDATE OR DELETE ON broker.broker_orders
    FOR EACH ROW EXECUTE FUNCTION broker.record_change('broker_order_id');

CREATE FUNCTION broker.guard_state() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    allowed boolean := CASE old.state
        WHEN 'queued' THEN new.state IN ('queued', 'sent', 'cancelled')
        WHEN 'sent' THEN new.state IN ('sent', 'accepted', 'rejected')
        WHEN 'accepted' THEN new.state IN ('accepted', 'done', 'cancelled')
        ELSE new.state = old.state
    END;
BEGIN
    IF NOT allowed THEN
        RAISE EXCEPTION 'a broker order that is % cannot become %', old.state, new.state
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN new;
END;
$$;
CREATE TRIGGER broker_orders_guarded BEFORE UPDATE OF state ON broker.broker_orders
    FOR EACH ROW EXECUTE FUNCTION broker.guard_state();
