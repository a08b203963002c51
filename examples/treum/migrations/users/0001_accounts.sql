-- Accounts, profiles and sessions. An e-mail is looked up without regard to case; a password is only ever an Argon2 hash.
CREATE TABLE users.account (
    account_id    uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    email         text NOT NULL CHECK (email ~ '^[^@\s]+@[^@\s]+$' AND length(email) <= 254),
    password_hash text NOT NULL CHECK (password_hash LIKE '$argon2id$%'),
    status        text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'suspended', 'closed')),
    locked_until  timestamptz,
    last_login_at timestamptz,
    created_at    timestamptz NOT NULL DEFAULT now(),
    updated_at    timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 85);
COMMENT ON TABLE users.account IS 'Who may log in. Other services refer to account_id and know nothing else of a person.';
CREATE UNIQUE INDEX account_email_key ON users.account (lower(email));
-- the monitor lists the few that are locked, not the many that are not
CREATE INDEX account_locked_idx ON users.account (locked_until) WHERE locked_until IS NOT NULL;

CREATE TABLE users.profile (
    account_id      uuid PRIMARY KEY REFERENCES users.account ON DELETE CASCADE,
    display_name    text NOT NULL CHECK (length(display_name) BETWEEN 1 AND 200),
    country         char(2) CHECK (country ~ '^[A-Z]{2}$'),
    locale          text NOT NULL DEFAULT 'en' CHECK (locale ~ '^[a-z]{2}(-[A-Z]{2})?$'),
    client_category text NOT NULL DEFAULT 'retail' CHECK (client_category IN ('retail', 'professional', 'eligible')),
    risk_appetite   smallint NOT NULL DEFAULT 2 CHECK (risk_appetite BETWEEN 1 AND 5),
    updated_at      timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE users.profile IS 'What other services may read of a person; published.';

CREATE TABLE users.session (
    session_id   uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    account_id   uuid NOT NULL REFERENCES users.account ON DELETE CASCADE,
    token_hash   bytea NOT NULL CHECK (octet_length(token_hash) = 32),
    source       inet,
    created_at   timestamptz NOT NULL DEFAULT now(),
    last_seen_at timestamptz NOT NULL DEFAULT now(),
    expires_at   timestamptz NOT NULL,
    revoked_at   timestamptz,
    CHECK (expires_at > created_at),
    -- a hash index that is unique: a third of the size of a B-tree, and every request asks for equality only
    CONSTRAINT session_token_key EXCLUDE USING hash (token_hash WITH =)
) WITH (fillfactor = 80);
COMMENT ON TABLE users.session IS 'Open and past sessions; the token itself is never stored, only its SHA-256.';
CREATE INDEX session_open_idx ON users.session (account_id, expires_at DESC) WHERE revoked_at IS NULL;
CREATE INDEX session_expires_idx ON users.session (expires_at);

CREATE FUNCTION users.touch() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    new.updated_at := now();
    RETURN new;
END;
$$;
CREATE TRIGGER account_touch BEFORE UPDATE ON users.account FOR EACH ROW EXECUTE FUNCTION users.touch();
CREATE TRIGGER profile_touch BEFORE UPDATE ON users.profile FOR EACH ROW EXECUTE FUNCTION users.touch();
