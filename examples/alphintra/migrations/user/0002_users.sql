-- People. Every other service knows a person by user_id and by nothing else.

CREATE TABLE users.users (
    user_id     uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    email       text NOT NULL CONSTRAINT users_email_valid CHECK (email ~ '^[^@\s]+@[^@\s]+$' AND length(email) <= 254),
    status      text NOT NULL DEFAULT 'pending'
        CONSTRAINT users_status_known CHECK (status IN ('pending', 'active', 'suspended', 'closed')),
    created_at  timestamptz NOT NULL DEFAULT now(),
    updated_at  timestamptz NOT NULL DEFAULT now(),
    closed_at   timestamptz,
    row_version bigint NOT NULL DEFAULT 1,
    CONSTRAINT users_closed_has_a_day CHECK ((status = 'closed') = (closed_at IS NOT NULL))
);
COMMENT ON TABLE users.users IS 'One row for each person; a closed account stays, because others refer to it.';
CREATE UNIQUE INDEX users_email_key ON users.users (lower(email));
CREATE INDEX users_pending_idx ON users.users (created_at) WHERE status = 'pending';

CREATE TRIGGER users_version BEFORE UPDATE ON users.users
    FOR EACH ROW EXECUTE FUNCTION users.next_version();
CREATE TRIGGER users_audited AFTER INSERT OR UPDATE OR DELETE ON users.users
    FOR EACH ROW EXECUTE FUNCTION users.record_change('user_id', 'email');

-- What other services may read of a person: enough to write to them, nothing that identifies them to the law.
CREATE TABLE users.profiles (
    user_id      uuid PRIMARY KEY REFERENCES users.users ON DELETE CASCADE,
    display_name text NOT NULL CONSTRAINT profiles_name_sane CHECK (length(display_name) BETWEEN 1 AND 200),
    locale       text NOT NULL DEFAULT 'en' CONSTRAINT profiles_locale_form CHECK (locale ~ '^[a-z]{2}(-[A-Z]{2})?$'),
    time_zone    text NOT NULL DEFAULT 'UTC',
    contact      text NOT NULL CONSTRAINT profiles_contact_sane CHECK (length(contact) <= 254),
    base_currency char(3) NOT NULL DEFAULT 'USD' CONSTRAINT profiles_currency_form CHECK (base_currency ~ '^[A-Z]{3}$'),
    updated_at   timestamptz NOT NULL DEFAULT now(),
    row_version  bigint NOT NULL DEFAULT 1
);
COMMENT ON TABLE users.profiles IS 'Published: the notification service reads the address from here.';
CREATE TRIGGER profiles_version BEFORE UPDATE ON users.profiles
    FOR EACH ROW EXECUTE FUNCTION users.next_version();
CREATE TRIGGER profiles_audited AFTER INSERT OR UPDATE OR DELETE ON users.profiles
    FOR EACH ROW EXECUTE FUNCTION users.record_change('user_id', 'contact', 'display_name');
