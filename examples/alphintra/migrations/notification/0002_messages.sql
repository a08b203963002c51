-- Messages: what may be said (templates), to whom it may be said (preferences), what is to be said (the queue).

CREATE TABLE notification.templates (
    template_id  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    code         text NOT NULL CONSTRAINT templates_code_form CHECK (code ~ '^[a-z][a-z0-9_.]{1,62}$'),
    locale       text NOT NULL DEFAULT 'en',
    version      integer NOT NULL CONSTRAINT templates_counted_from_one CHECK (version >= 1),
    subject      text NOT NULL,
    body         text NOT NULL,
    retired_at   timestamptz,
    CONSTRAINT templates_version_key UNIQUE (code, locale, version)
);
CREATE UNIQUE INDEX templates_current_key ON notification.templates (code, locale) WHERE retired_at IS NULL;
COMMENT ON INDEX notification.templates_current_key IS 'One current version of each text in each language.';
CREATE TRIGGER templates_audited AFTER INSERT OR UPDATE OR DELETE ON notification.templates
    FOR EACH ROW EXECUTE FUNCTION notification.record_change('template_id');

CREATE TABLE notification.preferences (
    user_id     uuid NOT NULL,
    channel     text NOT NULL CONSTRAINT preferences_channel_known CHECK (channel IN ('email', 'push', 'sms', 'webhook')),
    topic       text NOT NULL,
    enabled     boolean NOT NULL,
    updated_at  timestamptz NOT NULL DEFAULT now(),
    row_version bigint NOT NULL DEFAULT 1,
    PRIMARY KEY (user_id, channel, topic)
);
CREATE TRIGGER preferences_version BEFORE UPDATE ON notification.preferences
    FOR EACH ROW EXECUTE FUNCTION notification.next_version();

CREATE TABLE notification.notifications (
    notification_id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id         uuid NOT NULL,
    template_id     bigint NOT NULL REFERENCES notification.templates,
    channel         text NOT NULL
        CONSTRAINT notifications_channel_known CHECK (channel IN ('email', 'push', 'sms', 'webhook')),
    variables       jsonb NOT NULL DEFAULT '{}',
    dedupe_key      text NOT NULL,
    status          text NOT NULL DEFAULT 'queued' CONSTRAINT notifications_status_known
        CHECK (status IN ('queued', 'sent', 'failed', 'dropped')),
    attempts        integer NOT NULL DEFAULT 0
        CONSTRAINT notifications_attempts_bounded CHECK (attempts BETWEEN 0 AND 10),
    due_at          timestamptz NOT NULL DEFAULT now(),
    created_at      timestamptz NOT NULL DEFAULT now(),
    sent_at         timestamptz,
    read_at         timestamptz,
    CONSTRAINT notifications_dedupe_key UNIQUE (dedupe_key),
    CONSTRAINT notifications_sent_has_a_time CHECK ((status = 'sent') = (sent_at IS NOT NULL)),
    CONSTRAINT notifications_read_after_sent CHECK (read_at IS NULL OR read_at >= sent_at)
);
COMMENT ON COLUMN notification.notifications.dedupe_key IS 'What happened and to whom: the same event tells a person once.';
CREATE INDEX notifications_due_idx ON notification.notifications (due_at) WHERE status = 'queued';
CREATE INDEX notifications_unread_idx ON notification.notifications (user_id, created_at DESC) INCLUDE (template_id)
    WHERE read_at IS NULL AND status = 'sent';

CREATE TABLE notification.deliveries (
    delivery_id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    notification_id uuid NOT NULL REFERENCES notification.notifications ON DELETE CASCADE,
    attempted_at    timestamptz NOT NULL DEFAULT now(),
    outcome         text NOT NULL
        CONSTRAINT deliveries_outcome_known CHECK (outcome IN ('delivered', 'bounced', 'refused', 'timeout')),
    provider_ref    text,
    CONSTRAINT deliveries_delivered_has_a_ref CHECK (outcome <> 'delivered' OR provider_ref IS NOT NULL)
);
CREATE INDEX deliveries_notification_idx ON notification.deliveries (notification_id, attempted_at);
CREATE INDEX deliveries_bounced_idx ON notification.deliveries (attempted_at) WHERE outcome = 'bounced';

-- Workers take what is due without waiting for each other. What is taken stays queued and is due again after the
-- lease: a worker that dies loses no message.
CREATE FUNCTION notification.take_due(how_many integer, lease interval DEFAULT '5 minutes')
    RETURNS SETOF notification.notifications
    LANGUAGE sql
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    UPDATE notification.notifications AS n
    SET due_at = now() + lease, attempts = n.attempts + 1
    WHERE n.notification_id IN (
        SELECT q.notification_id
        FROM notification.notifications AS q
        WHERE q.status = 'queued' AND q.due_at <= now() AND q.attempts < 10
        ORDER BY q.due_at
        LIMIT how_many
        FOR UPDATE SKIP LOCKED
    )
    RETURNING n.*;
END;
