-- Templates, the queue of messages, every attempt to deliver one, and what a person wants to get.
CREATE TABLE templates.template (
    template_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name        text NOT NULL,
    version     integer NOT NULL CHECK (version > 0),
    channel     text NOT NULL CHECK (channel IN ('email', 'sms', 'push')),
    body        text NOT NULL,
    UNIQUE (name, version, channel)
);

CREATE TABLE notifications.preference (
    account_id uuid NOT NULL,
    channel    text NOT NULL CHECK (channel IN ('email', 'sms', 'push')),
    enabled    boolean NOT NULL DEFAULT true,
    PRIMARY KEY (account_id, channel)
);

CREATE TABLE notifications.message (
    message_id  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id  uuid NOT NULL,
    template_id bigint NOT NULL REFERENCES templates.template,
    variables   jsonb NOT NULL DEFAULT '{}',
    status      text NOT NULL DEFAULT 'queued' CHECK (status IN ('queued', 'sent', 'failed', 'suppressed')),
    send_after  timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX message_template_idx ON notifications.message (template_id);
CREATE INDEX message_account_idx ON notifications.message (account_id, message_id DESC);
-- the queue is read with FOR UPDATE SKIP LOCKED in this order
CREATE INDEX message_queue_idx ON notifications.message (send_after, message_id) WHERE status = 'queued';

CREATE TABLE delivery.attempt (
    message_id   bigint NOT NULL REFERENCES notifications.message ON DELETE CASCADE,
    number       integer NOT NULL CHECK (number > 0),
    attempted_at timestamptz NOT NULL DEFAULT now(),
    provider     text NOT NULL,
    outcome      text NOT NULL CHECK (outcome IN ('accepted', 'delivered', 'bounced', 'refused')),
    PRIMARY KEY (message_id, number)
);
CREATE INDEX attempt_bounced_idx ON delivery.attempt (attempted_at) WHERE outcome = 'bounced';
