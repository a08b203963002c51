-- Booking a trade: the order is locked, its fill and the position follow, or nothing happens.

-- Runs as the owner role, which alone may write fills and positions.
CREATE FUNCTION trading.book_trade() RETURNS trigger
    LANGUAGE plpgsql
    SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    placed trading.orders;
    signed numeric;
    held trading.positions;
BEGIN
    SELECT * INTO placed FROM trading.orders WHERE order_id = new.order_id FOR UPDATE;
    IF placed.status NOT IN ('new', 'open') THEN
        RAISE EXCEPTION 'order % is %', new.order_id, placed.status USING ERRCODE = 'check_violation';
    END IF;
    UPDATE trading.orders
    SET filled_quantity = filled_quantity + new.quantity,
        status = CASE WHEN filled_quantity + new.quantity = quantity THEN 'filled' ELSE 'open' END
    WHERE order_id = new.order_id;

    signed := CASE placed.side WHEN 'buy' THEN new.quantity ELSE -new.quantity END;
    INSERT INTO trading.positions (user_id, instrument_id)
    VALUES (placed.user_id, placed.instrument_id)
    ON CONFLICT DO NOTHING;
    SELECT * INTO held FROM trading.positions
    WHERE user_id = placed.user_id AND instrument_id = placed.instrument_id FOR UPDATE;
    UPDATE trading.positions
    SET quantity = held.quantity + signed,
        cost = CASE
            -- more of the same
            WHEN held.quantity * signed >= 0 THEN held.cost + signed * new.price
            -- less of it: the part that stays keeps its average
            WHEN abs(signed) <= abs(held.quantity) THEN held.cost * (held.quantity + signed) / held.quantity
            -- through zero: the rest was opened at this price
            ELSE (held.quantity + signed) * new.price
        END
    WHERE user_id = placed.user_id AND instrument_id = placed.instrument_id;
    RETURN NULL;
END;
$$;
CREATE TRIGGER trades_booked AFTER INSERT ON trading.trades
    FOR EACH ROW EXECUTE FUNCTION trading.book_trade();
CREATE TRIGGER positions_version BEFORE UPDATE ON trading.positions
    FOR EACH ROW EXECUTE FUNCTION trading.next_version();
CREATE TRIGGER positions_protected BEFORE INSERT OR UPDATE OR DELETE ON trading.positions
    FOR EACH STATEMENT EXECUTE FUNCTION trading.owner_writes_alone();

CREATE FUNCTION trading.refuse_change() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RAISE EXCEPTION 'a trade is never changed; book one that reverses it'
        USING ERRCODE = 'integrity_constraint_violation';
END;
$$;
CREATE TRIGGER trades_final BEFORE UPDATE OR DELETE ON trading.trades
    FOR EACH ROW EXECUTE FUNCTION trading.refuse_change();

-- A finished order stays as it is, and nobody but a trade fills one.
CREATE FUNCTION trading.guard_order() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF old.status IN ('filled', 'cancelled', 'rejected') THEN
        RAISE EXCEPTION 'order % is %', old.order_id, old.status USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF (new.filled_quantity IS DISTINCT FROM old.filled_quantity OR new.status = 'filled')
        AND NOT pg_has_role((SELECT relowner FROM pg_class WHERE oid = tg_relid), 'USAGE') THEN
        RAISE EXCEPTION 'only a trade fills an order' USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF (new.user_id, new.instrument_id, new.side, new.placed_at)
        IS DISTINCT FROM (old.user_id, old.instrument_id, old.side, old.placed_at) THEN
        RAISE EXCEPTION 'whose order it is, for what and which side cannot change'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN new;
END;
$$;
CREATE TRIGGER orders_guarded BEFORE UPDATE ON trading.orders
    FOR EACH ROW EXECUTE FUNCTION trading.guard_order();
