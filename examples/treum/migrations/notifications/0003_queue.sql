-- The queue: what is in it is sent at least once, and nothing falls out of it.
CREATE TABLE notifications.queue (
    message_id   bigint PRIMARY KEY REFERENCES notifications.message ON DELETE CASCADE,
    priority     smallint NOT NULL DEFAULT 5 CHECK (priority BETWEEN 1 AND 9),
    available_at timestamptz NOT NULL DEFAULT now(),
    attempts     smallint NOT NULL DEFAULT 0,
    claim        uuid,
    last_error   text
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 200);
COMMENT ON TABLE notifications.queue IS 'What waits to be sent. A message that was taken is hidden until available_at and then comes back.';
CREATE INDEX queue_next_idx ON notifications.queue (priority, available_at);

CREATE TABLE notifications.dead_letter (
    message_id bigint PRIMARY KEY REFERENCES notifications.message ON DELETE CASCADE,
    attempts   smallint NOT NULL,
    last_error text,
    died_at    timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE notifications.dead_letter IS 'What could not be sent; somebody looks at it and requeues it.';

-- Queues a message, unless its receiver does not want it or cannot get it. The same key twice is one message.
CREATE FUNCTION notifications.enqueue(
    to_account uuid, template_name text, by_channel text, filling jsonb,
    key text DEFAULT NULL, urgency smallint DEFAULT 5, not_before timestamptz DEFAULT now()
) RETURNS bigint
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    made bigint;
    used record;
    open boolean;
BEGIN
    SELECT t.template_id, t.category, v.version INTO used
    FROM templates.template AS t
    JOIN templates.version AS v ON v.template_id = t.template_id AND v.in_use
    WHERE t.name = template_name AND t.channel = by_channel
    ORDER BY t.locale = 'en' DESC
    LIMIT 1;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'no template "%" for % is in use', template_name, by_channel USING ERRCODE = 'no_data_found';
    END IF;
    open := NOT EXISTS (SELECT FROM delivery.suppression WHERE account_id = to_account AND channel = by_channel)
        AND coalesce(
            (SELECT enabled FROM notifications.preference
             WHERE account_id = to_account AND channel = by_channel AND category = used.category),
            used.category <> 'marketing'
        );
    INSERT INTO notifications.message (account_id, template_id, version, dedup_key, variables, status)
    VALUES (to_account, used.template_id, used.version, key, filling, CASE WHEN open THEN 'queued' ELSE 'suppressed' END)
    ON CONFLICT (dedup_key) DO NOTHING
    RETURNING message_id INTO made;
    IF made IS NULL THEN
        SELECT message_id INTO STRICT made FROM notifications.message WHERE dedup_key = key;
    ELSIF open THEN
        INSERT INTO notifications.queue (message_id, priority, available_at) VALUES (made, urgency, not_before);
    END IF;
    RETURN made;
END;
$$;

-- Takes up to `most` messages for as long as `visibility`. Workers pass over what another one is taking. A message that
-- is not finished in time comes back; one that came back too often is buried first, so that it cannot poison the queue.
CREATE FUNCTION notifications.take(most integer, visibility interval DEFAULT '1 minute', attempts_most integer DEFAULT 8)
    RETURNS TABLE (message_id bigint, claim uuid, attempt smallint)
    LANGUAGE sql
BEGIN ATOMIC
    WITH due AS MATERIALIZED (
        SELECT q.message_id, q.attempts
        FROM notifications.queue AS q
        WHERE q.available_at <= now()
        ORDER BY q.priority, q.available_at
        LIMIT most
        FOR UPDATE SKIP LOCKED
    ), worn_out AS (
        DELETE FROM notifications.queue AS q USING due
        WHERE q.message_id = due.message_id AND due.attempts >= attempts_most
        RETURNING q.message_id, q.attempts, q.last_error
    ), buried AS (
        INSERT INTO notifications.dead_letter (message_id, attempts, last_error)
        SELECT w.message_id, w.attempts, coalesce(w.last_error, 'never finished') FROM worn_out AS w
    ), told AS (
        UPDATE notifications.message AS m SET status = 'dead' FROM worn_out AS w WHERE m.message_id = w.message_id
    )
    UPDATE notifications.queue AS q
    SET claim = gen_random_uuid(), attempts = q.attempts + 1, available_at = now() + visibility
    FROM due
    WHERE q.message_id = due.message_id AND due.attempts < attempts_most
    RETURNING q.message_id, q.claim, q.attempts;
END;
COMMENT ON FUNCTION notifications.take IS 'Takes messages from the queue; the claim is needed to finish or to fail each.';

-- False when the claim is not the current one: the worker was too slow, and the message is somebody else's by now.
CREATE FUNCTION notifications.finish(of_message bigint, with_claim uuid, by_provider text, provider_ref text) RETURNS boolean
    LANGUAGE sql
BEGIN ATOMIC
    WITH done AS (
        DELETE FROM notifications.queue AS q
        WHERE q.message_id = of_message AND q.claim = with_claim
        RETURNING q.message_id, q.attempts
    ), tracked AS (
        INSERT INTO delivery.attempt (message_id, number, provider, provider_ref)
        SELECT done.message_id, done.attempts, by_provider, finish.provider_ref FROM done
    ), told AS (
        UPDATE notifications.message AS m SET status = 'sent' FROM done WHERE m.message_id = done.message_id
    )
    SELECT EXISTS (SELECT FROM done);
END;

-- Puts a message back, later each time: 2, 4, 8 .. seconds and at most an hour, spread by chance so that what failed
-- together does not come back together.
CREATE FUNCTION notifications.fail(of_message bigint, with_claim uuid, error text) RETURNS boolean
    LANGUAGE sql
BEGIN ATOMIC
    WITH back AS (
        UPDATE notifications.queue AS q
        SET claim = NULL,
            last_error = error,
            available_at = now() + least(interval '1 second' * 2 ^ q.attempts, interval '1 hour') * (0.75 + random() / 2)
        WHERE q.message_id = of_message AND q.claim = with_claim
        RETURNING 1
    )
    SELECT EXISTS (SELECT FROM back);
END;

CREATE FUNCTION notifications.requeue(of_message bigint) RETURNS boolean
    LANGUAGE sql
BEGIN ATOMIC
    WITH raised AS (
        DELETE FROM notifications.dead_letter AS d WHERE d.message_id = of_message RETURNING d.message_id
    ), told AS (
        UPDATE notifications.message AS m SET status = 'queued' FROM raised WHERE m.message_id = raised.message_id
    ), queued AS (
        INSERT INTO notifications.queue (message_id) SELECT raised.message_id FROM raised
    )
    SELECT EXISTS (SELECT FROM raised);
END;
