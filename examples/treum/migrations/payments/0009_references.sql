-- Where the service that is referred to lives in the same database, the reference is a real key.
-- Elsewhere it is kept by the application and audited from outside.
DO $$
DECLARE
    one record;
BEGIN
    FOR one IN
        SELECT * FROM (VALUES
            ('payments.wallet', 'wallet_account_fkey', 'account_id', 'users.account'),
            ('billing.subscription', 'subscription_account_fkey', 'account_id', 'users.account'),
            ('billing.payment_method', 'payment_method_account_fkey', 'account_id', 'users.account'),
            ('payments_compliance.identity_check', 'identity_check_account_fkey', 'account_id', 'users.account')
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
