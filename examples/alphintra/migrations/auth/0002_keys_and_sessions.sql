-- Who is let in: API keys for programs, sessions for people. Only hashes are stored; 32 bytes are a SHA-256.

CREATE TABLE auth.api_keys (
    api_key_id   uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id      uuid NOT NULL,
    label        text NOT NULL CONSTRAINT api_keys_label_sane CHECK (length(label) BETWEEN 1 AND 100),
    prefix       text NOT NULL CONSTRAINT api_keys_prefix_form CHECK (prefix ~ '^ak_[a-z0-9]{8}$'),
    secret_hash  bytea NOT NULL CONSTRAINT api_keys_hash_length CHECK (octet_length(secret_hash) = 32),
    scopes       text[] NOT NULL
        CONSTRAINT api_keys_scopes_known CHECK (scopes <@ '{read,trade,withdraw}'::text[] AND cardinality(scopes) > 0),
    created_at   timestamptz NOT NULL DEFAULT now(),
    expires_at   timestamptz NOT NULL,
    last_used_at timestamptz,
    revoked_at   timestamptz,
    updated_at   timestamptz NOT NULL DEFAULT now(),
    row_version  bigint NOT NULL DEFAULT 1,
    CONSTRAINT api_keys_prefix_key UNIQUE (prefix),
    CONSTRAINT api_keys_live_at_most_a_year CHECK (expires_at > created_at AND expires_at <= created_at + interval '366 days')
);
COMMENT ON COLUMN auth.api_keys.prefix IS 'Shown to people and logged; finds the row, proves nothing.';
COMMENT ON COLUMN auth.api_keys.user_id IS 'users.users; audited where that table lives in another database.';
CREATE INDEX api_keys_live_idx ON auth.api_keys (user_id) INCLUDE (label, expires_at) WHERE revoked_at IS NULL;
CREATE INDEX api_keys_expiring_idx ON auth.api_keys (expires_at) WHERE revoked_at IS NULL;
CREATE TRIGGER api_keys_version BEFORE UPDATE ON auth.api_keys
    FOR EACH ROW EXECUTE FUNCTION auth.next_version();
CREATE TRIGGER api_keys_audited AFTER INSERT OR UPDATE OR DELETE ON auth.api_keys
    FOR EACH ROW EXECUTE FUNCTION auth.record_change('api_key_id', 'secret_hash', 'last_used_at');

CREATE TABLE auth.sessions (
    session_id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id    uuid NOT NULL,
    token_hash bytea NOT NULL CONSTRAINT sessions_hash_length CHECK (octet_length(token_hash) = 32),
    source     inet,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    revoked_at timestamptz,
    CONSTRAINT sessions_token_key UNIQUE (token_hash),
    CONSTRAINT sessions_end_after_they_begin CHECK (expires_at > created_at)
);
CREATE INDEX sessions_open_idx ON auth.sessions (user_id, expires_at) WHERE revoked_at IS NULL;
CREATE INDEX sessions_expired_idx ON auth.sessions (expires_at);

CREATE TABLE auth.login_attempts (
    attempt_id   bigint GENERATED ALWAYS AS IDENTITY,
    email        text NOT NULL CONSTRAINT login_attempts_email_sane CHECK (length(email) <= 254),
    source       inet NOT NULL,
    succeeded    boolean NOT NULL,
    attempted_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (attempt_id, attempted_at)
);
COMMENT ON TABLE auth.login_attempts IS 'E-mails that belong to nobody are kept too: that is what an attack looks like.';
CREATE INDEX login_attempts_failed_idx ON auth.login_attempts (lower(email), attempted_at DESC) WHERE NOT succeeded;
CREATE INDEX login_attempts_source_idx ON auth.login_attempts (source, attempted_at DESC) WHERE NOT succeeded;

CREATE FUNCTION auth.locked_out(address text, tries integer DEFAULT 5, within interval DEFAULT '15 minutes') RETURNS boolean
    LANGUAGE sql
    STABLE
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT count(*) >= tries
    FROM auth.login_attempts
    WHERE lower(email) = lower(address) AND NOT succeeded AND attempted_at > now() - within;
END;
COMMENT ON FUNCTION auth.locked_out(text, integer, interval) IS 'Whether an address failed too often lately.';
