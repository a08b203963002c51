-- Brokers, a person's account with one, and the health of the line to it. The secrets of an account live in a vault;
-- here is only the name under which the vault knows them.

CREATE TABLE broker.brokers (
    broker_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    code      text NOT NULL CONSTRAINT brokers_code_form CHECK (code ~ '^[a-z][a-z0-9_]{1,30}$'),
    protocol  text NOT NULL CONSTRAINT brokers_protocol_known CHECK (protocol IN ('fix', 'rest', 'websocket')),
    enabled   boolean NOT NULL DEFAULT true,
    CONSTRAINT brokers_code_key UNIQUE (code)
);

CREATE TABLE broker.broker_accounts (
    broker_account_id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    broker_id         bigint NOT NULL REFERENCES broker.brokers,
    user_id           uuid NOT NULL,
    external_account  text NOT NULL,
    vault_key         text NOT NULL CONSTRAINT broker_accounts_key_not_secret CHECK (vault_key ~ '^vault:[a-z0-9/_-]+$'),
    paper             boolean NOT NULL DEFAULT true,
    status            text NOT NULL DEFAULT 'connected'
        CONSTRAINT broker_accounts_status_known CHECK (status IN ('connected', 'disconnected', 'revoked')),
    updated_at        timestamptz NOT NULL DEFAULT now(),
    row_version       bigint NOT NULL DEFAULT 1,
    CONSTRAINT broker_accounts_external_key UNIQUE (broker_id, external_account)
);
COMMENT ON COLUMN broker.broker_accounts.vault_key IS 'Where the secret is; the CHECK keeps the secret itself out.';
CREATE INDEX broker_accounts_user_idx ON broker.broker_accounts (user_id) WHERE status = 'connected';
CREATE TRIGGER broker_accounts_version BEFORE UPDATE ON broker.broker_accounts
    FOR EACH ROW EXECUTE FUNCTION broker.next_version();
CREATE TRIGGER broker_accounts_audited AFTER INSERT OR UPDATE OR DELETE ON broker.broker_accounts
    FOR EACH ROW EXECUTE FUNCTION broker.record_change('broker_account_id');

CREATE TABLE broker.heartbeats (
    broker_id   bigint NOT NULL REFERENCES broker.brokers,
    observed_at timestamptz NOT NULL,
    latency_ms  numeric(10, 3) CONSTRAINT heartbeats_latency_not_negative CHECK (latency_ms >= 0),
    PRIMARY KEY (broker_id, observed_at)
);
COMMENT ON COLUMN broker.heartbeats.latency_ms IS 'Empty: no answer.';
CREATE INDEX heartbeats_lost_idx ON broker.heartbeats (broker_id, observed_at DESC) WHERE latency_ms IS NULL;
