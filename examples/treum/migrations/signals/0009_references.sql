-- Where the service that is referred to lives in the same database, the reference is a real key.
-- Elsewhere it is kept by the application and audited from outside.
DO $$
DECLARE
    one record;
BEGIN
    FOR one IN
        SELECT * FROM (VALUES
            ('signals.signal', 'signal_symbol_fkey', 'symbol', 'market_history.instrument'),
            ('signals.regime', 'regime_symbol_fkey', 'symbol', 'market_history.instrument')
        ) AS keys (referring, name, column_name, referred)
    LOOP
        IF EXISTS (SELECT FROM pg_catalog.pg_class WHERE oid = pg_catalog.to_regclass(one.referred) AND relkind = 'r') THEN
            EXECUTE pg_catalog.format(
                'ALTER TABLE %s ADD CONSTRAINT %I FOREIGN KEY (%I) REFERENCES %s',
                one.referring, one.name, one.column_name, one.referred
            );
        END IF;
    END LOOP;
END;
$$;
