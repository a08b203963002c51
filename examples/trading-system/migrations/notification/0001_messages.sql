-- Who wants to hear of what, and what was sent. Each account sees its own, the dispatcher all.
CREATE TABLE notification.notification_configs (
    config_id    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id   uuid NOT NULL,
    event        text NOT NULL CHECK (event IN ('risk', 'order', 'trade', 'system')),
    min_severity text NOT NULL DEFAULT 'warning' CHECK (min_severity IN ('info', 'warning', 'breach')),
    channel      text NOT NULL CHECK (channel IN ('email', 'sms', 'push', 'webhook')),
    destination  text NOT NULL,
    enabled      boolean NOT NULL DEFAULT true,
    version      bigint NOT NULL DEFAULT 1,
    updated_at   timestamptz NOT NULL DEFAULT now(),
    UNIQUE (account_id, event, channel, destination)
);

CREATE TABLE notification.notification_logs (
    log_id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    config_id  bigint NOT NULL REFERENCES notification.notification_configs,
    account_id uuid NOT NULL,
    event_id   bigint,
    status     text NOT NULL DEFAULT 'queued' CHECK (status IN ('queued', 'sent', 'failed')),
    attempts   smallint NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    body       text NOT NULL,
    queued_at  timestamptz NOT NULL DEFAULT now(),
    sent_at    timestamptz,
    error      text,
    CHECK ((status = 'sent') = (sent_at IS NOT NULL)),
    CHECK ((status = 'failed') = (error IS NOT NULL))
);
CREATE INDEX notification_logs_queue_idx ON notification.notification_logs (queued_at) WHERE status = 'queued';
CREATE INDEX notification_logs_config_idx ON notification.notification_logs (config_id, queued_at DESC);
CREATE UNIQUE INDEX notification_logs_once_key ON notification.notification_logs (config_id, event_id)
    WHERE event_id IS NOT NULL;

CREATE FUNCTION notification.sees(of_account uuid) RETURNS boolean
    LANGUAGE sql STABLE
    RETURN coalesce(current_setting('app.account_id', true) IN (of_account::text, '*'), false);

ALTER TABLE notification.notification_configs ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY notification_configs_account ON notification.notification_configs
    USING (notification.sees(account_id))
    WITH CHECK (notification.sees(account_id));
ALTER TABLE notification.notification_logs ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY notification_logs_account ON notification.notification_logs
    USING (notification.sees(account_id))
    WITH CHECK (notification.sees(account_id));

-- Takes up to so many messages that nobody else is sending. Whoever takes them holds their rows until it commits, and a
-- sender that dies gives them back.
CREATE FUNCTION notification.take(at_most integer) RETURNS SETOF notification.notification_logs
    LANGUAGE sql
BEGIN ATOMIC
    UPDATE notification.notification_logs AS l
    SET attempts = l.attempts + 1
    FROM (
        SELECT log_id
        FROM notification.notification_logs
        WHERE status = 'queued'
        ORDER BY queued_at
        LIMIT at_most
        FOR UPDATE SKIP LOCKED
    ) AS free
    WHERE l.log_id = free.log_id
    RETURNING l.*;
END;
