-- What people want to get, what was sent to them, and what the providers report about it.
CREATE TABLE notifications.preference (
    account_id uuid NOT NULL,
    channel    text NOT NULL CHECK (channel IN ('email', 'sms', 'push')),
    category   text NOT NULL CHECK (category IN ('security', 'trading', 'billing', 'learning', 'marketing')),
    enabled    boolean NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (account_id, channel, category),
    -- nobody can be talked out of knowing that a stranger logged in
    CHECK (enabled OR category <> 'security')
);
COMMENT ON TABLE notifications.preference IS 'What a person switched on or off; without a row everything but marketing is on.';

CREATE TABLE notifications.message (
    message_id  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id  uuid NOT NULL,
    template_id bigint NOT NULL,
    version     integer NOT NULL,
    dedup_key   text UNIQUE,
    variables   jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(variables) = 'object'),
    status      text NOT NULL DEFAULT 'queued'
        CHECK (status IN ('queued', 'sent', 'delivered', 'bounced', 'dead', 'suppressed')),
    created_at  timestamptz NOT NULL DEFAULT now(),
    FOREIGN KEY (template_id, version) REFERENCES templates.version
) WITH (fillfactor = 85);
COMMENT ON TABLE notifications.message IS 'Every message and how far it came; what is waiting stands in the queue as well.';
CREATE INDEX message_account_idx ON notifications.message (account_id, message_id DESC);
CREATE INDEX message_template_idx ON notifications.message (template_id, version);

CREATE TABLE delivery.suppression (
    account_id uuid NOT NULL,
    channel    text NOT NULL CHECK (channel IN ('email', 'sms', 'push')),
    reason     text NOT NULL CHECK (reason IN ('hard_bounce', 'soft_bounces', 'complaint')),
    since      timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (account_id, channel)
);
COMMENT ON TABLE delivery.suppression IS 'Where sending is useless or unwanted; nothing is queued for these.';

CREATE TABLE delivery.attempt (
    message_id   bigint NOT NULL REFERENCES notifications.message ON DELETE CASCADE,
    number       smallint NOT NULL CHECK (number > 0),
    provider     text NOT NULL,
    provider_ref text NOT NULL,
    sent_at      timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (message_id, number)
);
COMMENT ON TABLE delivery.attempt IS 'What was handed to a provider, and under which reference the provider will speak of it.';
-- a report names the message by the provider's reference, always exactly
CREATE INDEX attempt_provider_ref_idx ON delivery.attempt USING hash (provider_ref);
CREATE INDEX attempt_time_idx ON delivery.attempt (provider, sent_at);

CREATE TABLE delivery.event (
    occurred_at timestamptz NOT NULL,
    message_id  bigint NOT NULL,
    kind        text NOT NULL
        CHECK (kind IN ('delivered', 'opened', 'clicked', 'soft_bounce', 'hard_bounce', 'complaint')),
    detail      text NOT NULL DEFAULT ''
);
COMMENT ON TABLE delivery.event IS 'Reports of providers as they arrive; dropped after their retention.';
CREATE INDEX event_message_idx ON delivery.event (message_id, occurred_at);
CREATE INDEX event_bounce_idx ON delivery.event (occurred_at) INCLUDE (message_id)
    WHERE kind IN ('soft_bounce', 'hard_bounce', 'complaint');

-- Takes in a report. A hard bounce or a complaint ends sending at once, three soft bounces within a week do as well.
CREATE FUNCTION delivery.report(of_ref text, report_kind text, at timestamptz, report_detail text DEFAULT '')
    RETURNS boolean
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    known record;
    cause text;
BEGIN
    SELECT m.message_id, m.account_id, t.channel INTO known
    FROM delivery.attempt AS a
    JOIN notifications.message AS m USING (message_id)
    JOIN templates.template AS t USING (template_id)
    WHERE a.provider_ref = of_ref;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    INSERT INTO delivery.event (occurred_at, message_id, kind, detail)
    VALUES (at, known.message_id, report_kind, report_detail);
    UPDATE notifications.message
    SET status = CASE WHEN report_kind IN ('soft_bounce', 'hard_bounce') THEN 'bounced' ELSE 'delivered' END
    WHERE message_id = known.message_id AND status IN ('sent', 'delivered');
    cause := CASE
        WHEN report_kind IN ('hard_bounce', 'complaint') THEN report_kind
        WHEN report_kind = 'soft_bounce' AND 3 <= (
            SELECT count(*)
            FROM delivery.event AS e
            JOIN notifications.message AS m USING (message_id)
            JOIN templates.template AS t USING (template_id)
            WHERE m.account_id = known.account_id AND t.channel = known.channel
              AND e.kind = 'soft_bounce' AND e.occurred_at > at - interval '7 days'
        ) THEN 'soft_bounces'
    END;
    IF cause IS NOT NULL THEN
        INSERT INTO delivery.suppression (account_id, channel, reason)
        VALUES (known.account_id, known.channel, cause)
        ON CONFLICT (account_id, channel) DO NOTHING;
    END IF;
    RETURN true;
END;
$$;
COMMENT ON FUNCTION delivery.report IS 'Takes in what a provider says of a message; false when nobody knows the reference.';

CREATE VIEW delivery.provider_day WITH (security_invoker = true) AS
SELECT a.provider,
       (a.sent_at AT TIME ZONE 'UTC')::date                                                  AS day,
       count(DISTINCT a.message_id)                                                          AS sent,
       count(DISTINCT e.message_id) FILTER (WHERE e.kind = 'delivered')                      AS delivered,
       count(DISTINCT e.message_id) FILTER (WHERE e.kind IN ('soft_bounce', 'hard_bounce'))  AS bounced,
       count(DISTINCT e.message_id) FILTER (WHERE e.kind = 'opened')                         AS opened
FROM delivery.attempt AS a
LEFT JOIN delivery.event AS e USING (message_id)
GROUP BY 1, 2;
COMMENT ON VIEW delivery.provider_day IS 'How well each provider delivered, day by day.';
