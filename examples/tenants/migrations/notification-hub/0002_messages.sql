-- What people want to hear of, what was sent, and how it arrived.
CREATE TABLE notifications.preferences (
    company_id text NOT NULL,
    user_id    text NOT NULL,
    topic      text NOT NULL CHECK (topic IN ('signal', 'execution', 'risk', 'billing')),
    channel    text NOT NULL CHECK (channel IN ('email', 'push', 'telegram')),
    enabled    boolean NOT NULL DEFAULT true,
    PRIMARY KEY (company_id, user_id, topic, channel)
);

ALTER TABLE notifications.preferences ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY preferences_company ON notifications.preferences
    USING (company_id = (SELECT notifications.current_company()))
    WITH CHECK (company_id = (SELECT notifications.current_company()));
CREATE POLICY preferences_person ON notifications.preferences AS RESTRICTIVE
    USING ((SELECT notifications.current_person()) IN ('*', user_id))
    WITH CHECK ((SELECT notifications.current_person()) IN ('*', user_id));

CREATE TABLE notifications.notification_logs (
    company_id      text NOT NULL,
    notification_id uuid NOT NULL DEFAULT gen_random_uuid(),
    user_id         text NOT NULL,
    topic           text NOT NULL CHECK (topic IN ('signal', 'execution', 'risk', 'billing')),
    body            text NOT NULL,
    created_at      timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (company_id, notification_id)
);
CREATE INDEX notification_logs_user_idx ON notifications.notification_logs (company_id, user_id, created_at DESC);

ALTER TABLE notifications.notification_logs ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY notification_logs_company ON notifications.notification_logs
    USING (company_id = (SELECT notifications.current_company()))
    WITH CHECK (company_id = (SELECT notifications.current_company()));
CREATE POLICY notification_logs_person ON notifications.notification_logs AS RESTRICTIVE
    USING ((SELECT notifications.current_person()) IN ('*', user_id))
    WITH CHECK ((SELECT notifications.current_person()) IN ('*', user_id));

CREATE TABLE notifications.deliveries (
    company_id      text NOT NULL,
    notification_id uuid NOT NULL,
    user_id         text NOT NULL,
    channel         text NOT NULL CHECK (channel IN ('email', 'push', 'telegram')),
    status          text NOT NULL DEFAULT 'sent' CHECK (status IN ('sent', 'delivered', 'bounced')),
    sent_at         timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (company_id, notification_id, channel),
    FOREIGN KEY (company_id, notification_id) REFERENCES notifications.notification_logs ON DELETE CASCADE
);

ALTER TABLE notifications.deliveries ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY deliveries_company ON notifications.deliveries
    USING (company_id = (SELECT notifications.current_company()))
    WITH CHECK (company_id = (SELECT notifications.current_company()));
CREATE POLICY deliveries_person ON notifications.deliveries AS RESTRICTIVE
    USING ((SELECT notifications.current_person()) IN ('*', user_id))
    WITH CHECK ((SELECT notifications.current_person()) IN ('*', user_id));
