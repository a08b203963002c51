-- People who log in, and the tokens that keep them logged in.

-- Two writers who read the same version cannot both win: UPDATE .. WHERE row_version = the one that was read.
CREATE FUNCTION auth.next_version() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    new.row_version := old.row_version + 1;
    new.updated_at := clock_timestamp();
    RETURN new;
END;
$$;

CREATE TABLE auth.users (
    id              uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    email           text NOT NULL CONSTRAINT users_email_valid CHECK (email ~ '^[^@\s]+@[^@\s]+$' AND length(email) <= 254),
    password_hash   text NOT NULL CONSTRAINT users_password_is_a_hash CHECK (password_hash ~ '^\$(argon2id|2[aby])\$'),
    first_name      text NOT NULL,
    last_name       text NOT NULL,
    role            text NOT NULL DEFAULT 'EMPLOYEE' CONSTRAINT users_role_known
        CHECK (role IN ('EMPLOYEE', 'MANAGER', 'PAYROLL_OFFICER', 'ORGANIZATION_ADMIN', 'SUPER_ADMIN')),
    organization_id uuid,
    active          boolean NOT NULL DEFAULT true,
    created_at      timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now(),
    row_version     bigint NOT NULL DEFAULT 1,
    -- only the platform's own people belong to no organization
    CONSTRAINT users_belong_somewhere CHECK (organization_id IS NOT NULL OR role IN ('EMPLOYEE', 'SUPER_ADMIN'))
);
COMMENT ON COLUMN auth.users.organization_id IS 'organization.organizations; empty until somebody is invited into one.';
CREATE UNIQUE INDEX users_email_key ON auth.users (lower(email));
CREATE INDEX users_of_organization_idx ON auth.users (organization_id, role) INCLUDE (id) WHERE active;
CREATE TRIGGER users_version BEFORE UPDATE ON auth.users
    FOR EACH ROW EXECUTE FUNCTION auth.next_version();

-- A refresh token is used once. Each use makes the next token of the same family; a token that is used a second time
-- was stolen, and the whole family ends.
CREATE TABLE auth.refresh_tokens (
    id          uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id     uuid NOT NULL REFERENCES auth.users ON DELETE CASCADE,
    family_id   uuid NOT NULL,
    token_hash  bytea NOT NULL CONSTRAINT refresh_tokens_hash_length CHECK (octet_length(token_hash) = 32),
    created_at  timestamptz NOT NULL DEFAULT now(),
    expires_at  timestamptz NOT NULL,
    used_at     timestamptz,
    revoked_at  timestamptz,
    CONSTRAINT refresh_tokens_hash_key UNIQUE (token_hash),
    CONSTRAINT refresh_tokens_live_at_most_90_days
        CHECK (expires_at > created_at AND expires_at <= created_at + interval '90 days')
);
CREATE UNIQUE INDEX refresh_tokens_head_key ON auth.refresh_tokens (family_id) WHERE used_at IS NULL AND revoked_at IS NULL;
COMMENT ON INDEX auth.refresh_tokens_head_key IS 'A family has one token that works.';
CREATE INDEX refresh_tokens_user_idx ON auth.refresh_tokens (user_id, expires_at) WHERE revoked_at IS NULL;
CREATE INDEX refresh_tokens_expired_idx ON auth.refresh_tokens (expires_at);

CREATE FUNCTION auth.use_token(shown bytea, next_hash bytea, lifetime interval DEFAULT '30 days') RETURNS uuid
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    token auth.refresh_tokens;
BEGIN
    SELECT * INTO token FROM auth.refresh_tokens WHERE token_hash = shown FOR UPDATE;
    IF token.id IS NULL OR token.revoked_at IS NOT NULL OR token.expires_at <= now() THEN
        RETURN NULL;
    END IF;
    IF token.used_at IS NOT NULL THEN
        UPDATE auth.refresh_tokens SET revoked_at = now()
        WHERE family_id = token.family_id AND revoked_at IS NULL;
        RETURN NULL;
    END IF;
    UPDATE auth.refresh_tokens SET used_at = now() WHERE id = token.id;
    INSERT INTO auth.refresh_tokens (user_id, family_id, token_hash, expires_at)
    VALUES (token.user_id, token.family_id, next_hash, now() + lifetime);
    RETURN token.user_id;
END;
$$;
COMMENT ON FUNCTION auth.use_token(bytea, bytea, interval) IS 'The user of a token that works, which is now used up; else NULL.';
