-- Accounts, sessions and the attempts to log in. Lookups are by e-mail without regard to case.
CREATE TABLE users.account (
    account_id    uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    email         text NOT NULL CHECK (email ~ '^[^@\s]+@[^@\s]+$'),
    password_hash text NOT NULL,
    status        text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'locked', 'closed')),
    created_at    timestamptz NOT NULL DEFAULT now(),
    updated_at    timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX account_email_key ON users.account (lower(email));

CREATE TABLE users.profile (
    account_id   uuid PRIMARY KEY REFERENCES users.account ON DELETE CASCADE,
    display_name text NOT NULL,
    country      char(2),
    preferences  jsonb NOT NULL DEFAULT '{}'
);

CREATE TABLE users.session (
    session_id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    account_id uuid NOT NULL REFERENCES users.account ON DELETE CASCADE,
    token_hash bytea NOT NULL UNIQUE,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    revoked_at timestamptz,
    CHECK (expires_at > created_at)
);
CREATE INDEX session_open_idx ON users.session (account_id, expires_at) WHERE revoked_at IS NULL;

CREATE TABLE users.login_attempt (
    attempt_id   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    email        text NOT NULL,
    source       inet,
    succeeded    boolean NOT NULL,
    attempted_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX login_attempt_failed_idx ON users.login_attempt (lower(email), attempted_at DESC) WHERE NOT succeeded;
