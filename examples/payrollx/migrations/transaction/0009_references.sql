-- A reference into another service is a real key where both live in one database. Elsewhere the service keeps it, and
-- `freehold check-references` says where it failed to.
DO $$
DECLARE
    reference record;
BEGIN
    FOR reference IN
        SELECT *
        FROM (VALUES
            ('transactions_organization_id_fkey', 'transaction.transactions', 'organization_id', 'organization.organizations'),
            ('transactions_payroll_item_id_fkey', 'transaction.transactions', 'payroll_item_id', 'payroll.payroll_items'),
            ('transactions_from_wallet_id_fkey', 'transaction.transactions', 'from_wallet_id', 'wallet.wallets'),
            ('transactions_to_wallet_id_fkey', 'transaction.transactions', 'to_wallet_id', 'wallet.wallets')
        ) AS declared (name, referring, columns, referred)
        WHERE EXISTS (
            SELECT FROM pg_catalog.pg_class WHERE oid = pg_catalog.to_regclass(referred) AND relkind IN ('r', 'p')
        )
    LOOP
        EXECUTE pg_catalog.format(
            'ALTER TABLE %s ADD CONSTRAINT %I FOREIGN KEY (%I) REFERENCES %s',
            reference.referring, reference.name, reference.columns, reference.referred
        );
    END LOOP;
END;
$$;
