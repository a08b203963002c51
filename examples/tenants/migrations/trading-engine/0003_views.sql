-- Views and functions ask as whoever asks them: security_invoker for views, SECURITY INVOKER (the default) for functions.
CREATE VIEW trading.open_positions WITH (security_invoker = true, security_barrier = true) AS
SELECT company_id, user_id, account_id, symbol, volume, average_price
FROM trading.positions
WHERE volume <> 0;

CREATE FUNCTION trading.profit(since timestamptz, until timestamptz)
    RETURNS TABLE (symbol text, executions bigint, profit numeric)
    LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT e.symbol, count(*), sum(e.profit)
    FROM trading.executions AS e
    WHERE e.executed_at >= since AND e.executed_at < until
    GROUP BY e.symbol;
END;

-- An execution and the position it makes, together or not at all.
CREATE FUNCTION trading.execute(
    for_user text, of_account bigint, of_symbol text, to_side text, lots numeric, at_price numeric, because uuid DEFAULT NULL
)
    RETURNS uuid
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    mine   text := trading.current_company();
    signed numeric := CASE to_side WHEN 'buy' THEN lots ELSE -lots END;
    made   uuid;
BEGIN
    INSERT INTO trading.executions (company_id, user_id, signal_id, account_id, symbol, side, volume, price)
    VALUES (mine, for_user, because, of_account, of_symbol, to_side, lots, at_price)
    RETURNING execution_id INTO made;
    INSERT INTO trading.positions AS p (company_id, user_id, account_id, symbol, volume, average_price)
    VALUES (mine, for_user, of_account, of_symbol, signed, at_price)
    ON CONFLICT (company_id, account_id, symbol) DO UPDATE
    SET volume = p.volume + signed,
        average_price = CASE
            WHEN p.volume + signed = 0 THEN 0
            WHEN sign(p.volume) = sign(signed)
                THEN (abs(p.volume) * p.average_price + lots * at_price) / (abs(p.volume) + lots)
            WHEN lots > abs(p.volume) THEN at_price
            ELSE p.average_price
        END,
        updated_at = now();
    RETURN made;
END;
$$;
