-- Trading strategies and their versions. A version is what ran: once released it never changes.

CREATE TABLE strategy.trading_strategies (
    strategy_id         uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id             uuid NOT NULL,
    name                text NOT NULL CONSTRAINT trading_strategies_name_sane CHECK (length(name) BETWEEN 1 AND 120),
    workflow_version_id uuid,
    status              text NOT NULL DEFAULT 'draft'
        CONSTRAINT trading_strategies_status_known CHECK (status IN ('draft', 'paper', 'live', 'retired')),
    created_at          timestamptz NOT NULL DEFAULT now(),
    updated_at          timestamptz NOT NULL DEFAULT now(),
    row_version         bigint NOT NULL DEFAULT 1
);
COMMENT ON COLUMN strategy.trading_strategies.workflow_version_id IS 'nocode.workflow_versions, when it was drawn and not written.';
CREATE UNIQUE INDEX trading_strategies_name_key ON strategy.trading_strategies (user_id, lower(name)) WHERE status <> 'retired';
CREATE INDEX trading_strategies_live_idx ON strategy.trading_strategies (strategy_id) INCLUDE (user_id) WHERE status = 'live';
CREATE TRIGGER trading_strategies_version BEFORE UPDATE ON strategy.trading_strategies
    FOR EACH ROW EXECUTE FUNCTION strategy.next_version();
CREATE TRIGGER trading_strategies_audited AFTER INSERT OR UPDATE OR DELETE ON strategy.trading_strategies
    FOR EACH ROW EXECUTE FUNCTION strategy.record_change('strategy_id');

CREATE TABLE strategy.strategy_versions (
    strategy_id   uuid NOT NULL REFERENCES strategy.trading_strategies,
    version       integer NOT NULL CONSTRAINT strategy_versions_counted_from_one CHECK (version >= 1),
    parameters    jsonb NOT NULL DEFAULT '{}'
        CONSTRAINT strategy_versions_parameters_object CHECK (jsonb_typeof(parameters) = 'object'),
    source_sha256 bytea NOT NULL CONSTRAINT strategy_versions_hash_length CHECK (octet_length(source_sha256) = 32),
    released_at   timestamptz,
    created_at    timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (strategy_id, version)
);

CREATE FUNCTION strategy.keep_released() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF old.released_at IS NOT NULL THEN
        RAISE EXCEPTION 'version % of strategy % is released; write the next one', old.version, old.strategy_id
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN coalesce(new, old);
END;
$$;
CREATE TRIGGER strategy_versions_final BEFORE UPDATE OR DELETE ON strategy.strategy_versions
    FOR EACH ROW EXECUTE FUNCTION strategy.keep_released();
CREATE TRIGGER strategy_versions_audited AFTER INSERT OR UPDATE OR DELETE ON strategy.strategy_versions
    FOR EACH ROW EXECUTE FUNCTION strategy.record_change('strategy_id');
