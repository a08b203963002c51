-- A trade moves its order and its position whoever inserts it: a venue's file that is copied in as well as book_trade().
CREATE FUNCTION execution.book() RETURNS trigger
    LANGUAGE plpgsql
AS $$
DECLARE
    o      execution.orders;
    p      execution.positions;
    signed numeric;
    closed numeric;
BEGIN
    -- not FOR UPDATE: the foreign key already shares the order's key, and two trades would wait for each other
    SELECT * INTO o FROM execution.orders WHERE order_id = new.order_id FOR NO KEY UPDATE;
    IF (o.account_id, o.symbol, o.side) IS DISTINCT FROM (new.account_id, new.symbol, new.side) THEN
        RAISE EXCEPTION 'a trade of order % is not of its account, symbol and side', new.order_id
            USING ERRCODE = 'check_violation';
    END IF;
    IF o.status NOT IN ('new', 'open', 'partially_filled') OR o.filled_quantity + new.quantity > o.quantity THEN
        RAISE EXCEPTION 'order % is % and still wants %', new.order_id, o.status, o.quantity - o.filled_quantity
            USING ERRCODE = 'check_violation';
    END IF;
    UPDATE execution.orders
    SET filled_quantity = o.filled_quantity + new.quantity,
        status = CASE WHEN o.filled_quantity + new.quantity = o.quantity THEN 'filled' ELSE 'partially_filled' END,
        version = o.version + 1
    WHERE order_id = new.order_id;

    signed := CASE o.side WHEN 'buy' THEN new.quantity ELSE -new.quantity END;
    INSERT INTO execution.positions (account_id, symbol, quantity, average_price)
    VALUES (o.account_id, o.symbol, 0, 0)
    ON CONFLICT (account_id, symbol) DO NOTHING;
    SELECT * INTO p FROM execution.positions WHERE account_id = o.account_id AND symbol = o.symbol FOR NO KEY UPDATE;
    -- what goes against the position closes that much of it, at the average price it was opened at
    closed := CASE WHEN sign(p.quantity) = -sign(signed) THEN least(abs(p.quantity), new.quantity) ELSE 0 END;
    UPDATE execution.positions
    SET quantity = p.quantity + signed,
        realised_profit = p.realised_profit + sign(p.quantity) * closed * (new.price - p.average_price) - new.fee,
        average_price = CASE
            WHEN p.quantity + signed = 0 THEN 0
            WHEN closed = 0
                THEN (abs(p.quantity) * p.average_price + new.quantity * new.price) / (abs(p.quantity) + new.quantity)
            WHEN closed < new.quantity THEN new.price
            ELSE p.average_price
        END,
        version = p.version + 1
    WHERE account_id = o.account_id AND symbol = o.symbol;
    RETURN NULL;
END;
$$;
CREATE TRIGGER trades_booked AFTER INSERT ON execution.trades
    FOR EACH ROW EXECUTE FUNCTION execution.book();

-- Books one trade: once however often the venue reports it. Returns the trade's id, or NULL when it was booked before.
CREATE OR REPLACE FUNCTION execution.book_trade(
    of_order uuid, traded numeric, at_price numeric, charged numeric, at_venue text, as_trade text
)
    RETURNS bigint
    LANGUAGE plpgsql
AS $$
DECLARE
    o      execution.orders;
    booked bigint;
BEGIN
    -- the order's row is locked first, so trades of one order queue and those of others do not wait
    SELECT * INTO o FROM execution.orders WHERE order_id = of_order FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'no order %', of_order USING ERRCODE = 'foreign_key_violation';
    END IF;
    INSERT INTO execution.trades (order_id, account_id, symbol, side, quantity, price, fee, venue, venue_trade_id)
    VALUES (of_order, o.account_id, o.symbol, o.side, traded, at_price, charged, at_venue, as_trade)
    ON CONFLICT (venue, venue_trade_id) DO NOTHING
    RETURNING trade_id INTO booked;
    RETURN booked;
END;
$$;
