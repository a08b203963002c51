-- A reference into another service is a real key where both live in one database. Elsewhere the service keeps it, and
-- `freehold check-references` says where it failed to.
DO $$
DECLARE
    reference record;
BEGIN
    FOR reference IN
        SELECT *
        FROM (VALUES
            ('trading_strategies_user_id_fkey', 'strategy.trading_strategies', 'user_id', 'users.users'),
            ('trading_strategies_workflow_version_id_fkey', 'strategy.trading_strategies', 'workflow_version_id', 'nocode.workflow_versions')
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
