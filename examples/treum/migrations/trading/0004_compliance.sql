-- What a regulator may ask for: the life of every order, and the reports that were sent about it.
CREATE TABLE trading_compliance.order_event (
    occurred_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    order_id    uuid NOT NULL,
    status      text NOT NULL,
    filled      numeric(28, 8) NOT NULL,
    actor       text NOT NULL DEFAULT session_user
);
COMMENT ON TABLE trading_compliance.order_event IS 'Every state an order was in, written by a trigger, append-only, kept as long as the law asks.';
CREATE INDEX order_event_order_idx ON trading_compliance.order_event (order_id, occurred_at);

CREATE FUNCTION trading_compliance.record_order() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    INSERT INTO trading_compliance.order_event (order_id, status, filled)
    VALUES (new.order_id, new.status, new.filled_quantity);
    RETURN NULL;
END;
$$;
CREATE TRIGGER order_record_new AFTER INSERT ON trading.orders
    FOR EACH ROW EXECUTE FUNCTION trading_compliance.record_order();
CREATE TRIGGER order_record_change AFTER UPDATE ON trading.orders
    FOR EACH ROW WHEN (old.status IS DISTINCT FROM new.status OR old.filled_quantity <> new.filled_quantity)
    EXECUTE FUNCTION trading_compliance.record_order();

CREATE FUNCTION trading_compliance.refuse_change() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF pg_has_role((SELECT relowner FROM pg_class WHERE oid = tg_relid), 'USAGE') THEN
        RETURN CASE WHEN tg_op = 'DELETE' THEN old ELSE new END;
    END IF;
    RAISE EXCEPTION 'records kept for the regulator are append-only' USING ERRCODE = 'insufficient_privilege';
END;
$$;
CREATE TRIGGER order_event_append_only BEFORE UPDATE OR DELETE ON trading_compliance.order_event
    FOR EACH ROW EXECUTE FUNCTION trading_compliance.refuse_change();
CREATE TRIGGER order_event_no_truncate BEFORE TRUNCATE ON trading_compliance.order_event
    FOR EACH STATEMENT EXECUTE FUNCTION trading_compliance.refuse_change();

CREATE TABLE trading_compliance.report (
    report_id    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    order_id     uuid NOT NULL REFERENCES trading.orders,
    regulation   text NOT NULL CHECK (regulation IN ('mifid', 'emir', 'mar')),
    payload      jsonb NOT NULL CHECK (jsonb_typeof(payload) = 'object'),
    due_at       timestamptz NOT NULL,
    submitted_at timestamptz,
    UNIQUE (order_id, regulation)
);
COMMENT ON TABLE trading_compliance.report IS 'Reports owed to a regulator, and when each was sent.';
CREATE INDEX report_due_idx ON trading_compliance.report (due_at) WHERE submitted_at IS NULL;
