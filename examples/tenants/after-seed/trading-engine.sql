-- The positions that the executions of `freehold seed` come to: of each account and symbol what was bought less what was
-- sold, at the average price of the side that it is on. Policies bind the owner too; it lifts them for this transaction.
--
--   psql "$(freehold url trading-engine --role owner)" -f after-seed/trading-engine.sql
BEGIN;
ALTER TABLE trading.executions NO FORCE ROW LEVEL SECURITY;
ALTER TABLE trading.positions NO FORCE ROW LEVEL SECURITY;
WITH net AS (
    SELECT company_id, user_id, account_id, symbol,
           sum(CASE side WHEN 'buy' THEN volume ELSE -volume END)     AS volume,
           sum(volume * price) FILTER (WHERE side = 'buy')
               / nullif(sum(volume) FILTER (WHERE side = 'buy'), 0)   AS bought_at,
           sum(volume * price) FILTER (WHERE side = 'sell')
               / nullif(sum(volume) FILTER (WHERE side = 'sell'), 0)  AS sold_at,
           max(executed_at)                                           AS updated_at
    FROM trading.executions
    GROUP BY company_id, user_id, account_id, symbol
)
INSERT INTO trading.positions (company_id, user_id, account_id, symbol, volume, average_price, updated_at)
SELECT company_id, user_id, account_id, symbol, volume,
       CASE sign(volume) WHEN 1 THEN bought_at WHEN -1 THEN sold_at ELSE 0 END,
       updated_at
FROM net
ON CONFLICT (company_id, account_id, symbol) DO NOTHING;
ALTER TABLE trading.positions FORCE ROW LEVEL SECURITY;
ALTER TABLE trading.executions FORCE ROW LEVEL SECURITY;
COMMIT;
