-- What is said to people, and in which words.

CREATE TABLE notification.notification_templates (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    code       text NOT NULL CONSTRAINT notification_templates_code_form CHECK (code ~ '^[a-z][a-z0-9_.]{1,62}$'),
    channel    text NOT NULL CONSTRAINT notification_templates_channel_known CHECK (channel IN ('email', 'sms', 'in_app')),
    locale     text NOT NULL DEFAULT 'en' CONSTRAINT notification_templates_locale_form CHECK (locale ~ '^[a-z]{2}(-[A-Z]{2})?$'),
    version    integer NOT NULL CONSTRAINT notification_templates_counted_from_one CHECK (version >= 1),
    subject    text,
    body       text NOT NULL,
    retired_at timestamptz,
    CONSTRAINT notification_templates_version_key UNIQUE (code, channel, locale, version),
    CONSTRAINT notification_templates_email_has_a_subject CHECK (channel <> 'email' OR subject IS NOT NULL)
);
CREATE UNIQUE INDEX notification_templates_current_key ON notification.notification_templates (code, channel, locale)
    WHERE retired_at IS NULL;
COMMENT ON INDEX notification.notification_templates_current_key IS 'One current version of each text.';

CREATE TABLE notification.notifications (
    id          uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id     uuid NOT NULL,
    template_id bigint NOT NULL REFERENCES notification.notification_templates,
    variables   jsonb NOT NULL DEFAULT '{}'
        CONSTRAINT notifications_variables_object CHECK (jsonb_typeof(variables) = 'object'),
    dedupe_key  text NOT NULL,
    status      text NOT NULL DEFAULT 'queued'
        CONSTRAINT notifications_status_known CHECK (status IN ('queued', 'sent', 'failed')),
    attempts    integer NOT NULL DEFAULT 0 CONSTRAINT notifications_attempts_bounded CHECK (attempts BETWEEN 0 AND 10),
    due_at      timestamptz NOT NULL DEFAULT now(),
    created_at  timestamptz NOT NULL DEFAULT now(),
    sent_at     timestamptz,
    read_at     timestamptz,
    CONSTRAINT notifications_dedupe_key UNIQUE (dedupe_key),
    CONSTRAINT notifications_sent_has_a_time CHECK ((status = 'sent') = (sent_at IS NOT NULL)),
    CONSTRAINT notifications_read_after_sent CHECK (read_at IS NULL OR read_at >= sent_at)
);
COMMENT ON COLUMN notification.notifications.user_id IS 'auth.users';
CREATE INDEX notifications_due_idx ON notification.notifications (due_at) WHERE status = 'queued';
CREATE INDEX notifications_unread_idx ON notification.notifications (user_id, created_at DESC)
    WHERE status = 'sent' AND read_at IS NULL;
CREATE INDEX notifications_template_idx ON notification.notifications (template_id);

-- What is taken stays queued and is due again after the lease: a worker that dies loses no message.
CREATE FUNCTION notification.take_due(how_many integer, lease interval DEFAULT '5 minutes')
    RETURNS SETOF notification.notifications
    LANGUAGE sql
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    UPDATE notification.notifications AS n
    SET due_at = now() + lease, attempts = n.attempts + 1
    WHERE n.id IN (
        SELECT q.id
        FROM notification.notifications AS q
        WHERE q.status = 'queued' AND q.due_at <= now() AND q.attempts < 10
        ORDER BY q.due_at
        LIMIT how_many
        FOR UPDATE SKIP LOCKED
    )
    RETURNING n.*;
END;
