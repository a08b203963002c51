-- An execution fills its order and moves the position, in the transaction that writes it.
CREATE FUNCTION trading.book_execution() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    filled trading.orders;
    held   trading.position;
    moved  numeric;
    closed numeric;
BEGIN
    UPDATE trading.orders
    SET filled_quantity = filled_quantity + new.quantity,
        status = CASE WHEN filled_quantity + new.quantity = quantity THEN 'filled' ELSE 'open' END
    WHERE order_id = new.order_id AND status IN ('new', 'open')
    RETURNING * INTO filled;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'order % is not open', new.order_id USING ERRCODE = 'check_violation';
    END IF;
    moved := CASE filled.side WHEN 'buy' THEN new.quantity ELSE -new.quantity END;

    INSERT INTO trading.position (account_id, instrument_id, quantity, average_price)
    VALUES (filled.account_id, filled.instrument_id, 0, 0)
    ON CONFLICT (account_id, instrument_id) DO NOTHING;
    SELECT * INTO STRICT held FROM trading.position
    WHERE account_id = filled.account_id AND instrument_id = filled.instrument_id
    FOR NO KEY UPDATE;

    -- what goes against the position closes it at its average cost; what is left over opens the other side
    closed := CASE WHEN sign(moved) = -sign(held.quantity) THEN least(abs(moved), abs(held.quantity)) ELSE 0 END;
    new.realised_profit := closed * sign(held.quantity) * (new.price - held.average_price);
    UPDATE trading.position
    SET quantity = held.quantity + moved,
        average_price = CASE
            WHEN held.quantity + moved = 0 THEN 0
            WHEN closed = 0 THEN (abs(held.quantity) * held.average_price + abs(moved) * new.price)
                                 / abs(held.quantity + moved)
            WHEN closed = abs(held.quantity) THEN new.price
            ELSE held.average_price
        END,
        realised_profit = held.realised_profit + new.realised_profit,
        updated_at = now()
    WHERE account_id = held.account_id AND instrument_id = held.instrument_id;
    RETURN new;
END;
$$;
CREATE TRIGGER execution_book BEFORE INSERT ON trading.execution
    FOR EACH ROW EXECUTE FUNCTION trading.book_execution();

-- Suitability: a retail client with little appetite for risk does not buy what can fall to nothing overnight.
CREATE FUNCTION trading.suitable(for_account uuid, of_instrument bigint) RETURNS boolean
    LANGUAGE plpgsql STABLE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    needed smallint;
BEGIN
    SELECT CASE asset_class WHEN 'crypto' THEN 4 WHEN 'fx' THEN 3 WHEN 'equity' THEN 2 ELSE 1 END INTO needed
    FROM trading.instrument WHERE instrument_id = of_instrument AND tradable;
    RETURN EXISTS (
        SELECT FROM users.profile
        WHERE account_id = for_account AND (client_category <> 'retail' OR risk_appetite >= needed)
    );
END;
$$;
COMMENT ON FUNCTION trading.suitable IS 'Whether a client may trade an instrument; reads the published profile.';
