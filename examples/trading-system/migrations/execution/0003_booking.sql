-- How an order may move, and what a trade does to its order and to the position.
CREATE FUNCTION execution.check_transition() RETURNS trigger
    LANGUAGE plpgsql
AS $$
BEGIN
    IF new.status <> old.status AND NOT (
        (old.status = 'new' AND new.status IN ('open', 'partially_filled', 'filled', 'cancelled', 'rejected'))
        OR (old.status = 'open' AND new.status IN ('partially_filled', 'filled', 'cancelled', 'expired'))
        OR (old.status = 'partially_filled' AND new.status IN ('filled', 'cancelled', 'expired'))
    ) THEN
        RAISE EXCEPTION 'an order does not go from % to %', old.status, new.status USING ERRCODE = 'check_violation';
    END IF;
    IF new.filled_quantity < old.filled_quantity THEN
        RAISE EXCEPTION 'what was filled stays filled' USING ERRCODE = 'check_violation';
    END IF;
    RETURN new;
END;
$$;
CREATE TRIGGER orders_transition BEFORE UPDATE OF status, filled_quantity ON execution.orders
    FOR EACH ROW EXECUTE FUNCTION execution.check_transition();

-- Books one trade: once however often the venue reports it, never beyond what the order still wants. Returns the trade's
-- id, or NULL when it was booked before.
CREATE FUNCTION execution.book_trade(
    of_order uuid, traded numeric, at_price numeric, charged numeric, at_venue text, as_trade text
)
    RETURNS bigint
    LANGUAGE plpgsql
AS $$
DECLARE
    o      execution.orders;
    p      execution.positions;
    booked bigint;
    signed numeric;
    closed numeric;
BEGIN
    -- the order's row is locked first, so trades of one order queue and those of others do not wait
    SELECT * INTO o FROM execution.orders WHERE order_id = of_order FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'no order %', of_order USING ERRCODE = 'foreign_key_violation';
    END IF;
    INSERT INTO execution.trades (order_id, account_id, symbol, side, quantity, price, fee, venue, venue_trade_id)
    VALUES (of_order, o.account_id, o.symbol, o.side, traded, at_price, charged, at_venue, as_trade)
    ON CONFLICT (venue, venue_trade_id) DO NOTHING
    RETURNING trade_id INTO booked;
    IF booked IS NULL THEN
        RETURN NULL;
    END IF;
    IF o.status NOT IN ('new', 'open', 'partially_filled') OR o.filled_quantity + traded > o.quantity THEN
        RAISE EXCEPTION 'order % is % and still wants %', of_order, o.status, o.quantity - o.filled_quantity
            USING ERRCODE = 'check_violation';
    END IF;
    UPDATE execution.orders
    SET filled_quantity = o.filled_quantity + traded,
        status = CASE WHEN o.filled_quantity + traded = o.quantity THEN 'filled' ELSE 'partially_filled' END,
        version = o.version + 1
    WHERE order_id = of_order;

    signed := CASE o.side WHEN 'buy' THEN traded ELSE -traded END;
    INSERT INTO execution.positions (account_id, symbol, quantity, average_price)
    VALUES (o.account_id, o.symbol, 0, 0)
    ON CONFLICT (account_id, symbol) DO NOTHING;
    SELECT * INTO p FROM execution.positions WHERE account_id = o.account_id AND symbol = o.symbol FOR UPDATE;
    -- what goes against the position closes that much of it, at the average price it was opened at
    closed := CASE WHEN sign(p.quantity) = -sign(signed) THEN least(abs(p.quantity), traded) ELSE 0 END;
    UPDATE execution.positions
    SET quantity = p.quantity + signed,
        realised_profit = p.realised_profit + sign(p.quantity) * closed * (at_price - p.average_price) - charged,
        average_price = CASE
            WHEN p.quantity + signed = 0 THEN 0
            WHEN closed = 0 THEN (abs(p.quantity) * p.average_price + traded * at_price) / (abs(p.quantity) + traded)
            WHEN closed < traded THEN at_price
            ELSE p.average_price
        END,
        version = p.version + 1
    WHERE account_id = o.account_id AND symbol = o.symbol;
    RETURN booked;
END;
$$;
