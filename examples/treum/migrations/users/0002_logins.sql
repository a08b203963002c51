-- Every attempt to log in is a row; five failures within a quarter of an hour close the account for as long.
CREATE TABLE users.login_attempt (
    attempted_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    email        text NOT NULL,
    source       inet,
    succeeded    boolean NOT NULL,
    outcome      text NOT NULL CHECK (outcome IN ('ok', 'wrong', 'locked', 'closed')),
    CHECK (succeeded = (outcome = 'ok'))
);
COMMENT ON TABLE users.login_attempt IS 'Attempts to log in, of known and of unknown addresses; the declaration says how they are cut by time and when they go.';
CREATE INDEX login_attempt_email_idx ON users.login_attempt (lower(email), attempted_at DESC) WHERE NOT succeeded;
CREATE INDEX login_attempt_source_idx ON users.login_attempt (source, attempted_at DESC) WHERE NOT succeeded;

-- The caller has compared the password already; what it may do with the result is decided here, one attempt at a time
-- for an account, so that parallel guesses are counted as those in a row are.
CREATE FUNCTION users.log_in(login_email text, login_source inet, password_matched boolean) RETURNS text
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    known    users.account;
    failures bigint;
    verdict  text;
BEGIN
    SELECT * INTO known FROM users.account WHERE lower(email) = lower(login_email) FOR UPDATE;
    verdict := CASE
        WHEN known.account_id IS NULL THEN 'wrong'
        WHEN known.status <> 'active' THEN 'closed'
        WHEN known.locked_until > clock_timestamp() THEN 'locked'
        WHEN password_matched THEN 'ok'
        ELSE 'wrong'
    END;
    INSERT INTO users.login_attempt (email, source, succeeded, outcome)
    VALUES (login_email, login_source, verdict = 'ok', verdict);
    IF verdict = 'ok' THEN
        UPDATE users.account SET last_login_at = clock_timestamp(), locked_until = NULL
        WHERE account_id = known.account_id;
    ELSIF verdict = 'wrong' AND known.account_id IS NOT NULL THEN
        SELECT count(*) INTO failures
        FROM users.login_attempt
        WHERE lower(email) = lower(login_email)
          AND NOT succeeded
          AND outcome = 'wrong'
          AND attempted_at > greatest(clock_timestamp() - interval '15 minutes', known.last_login_at, known.locked_until);
        IF failures >= 5 THEN
            UPDATE users.account SET locked_until = clock_timestamp() + interval '15 minutes'
            WHERE account_id = known.account_id;
        END IF;
    END IF;
    RETURN verdict;
END;
$$;
COMMENT ON FUNCTION users.log_in IS 'Records an attempt and answers ok, wrong, locked or closed; an unknown address is wrong.';

CREATE FUNCTION users.open_session(of_account uuid, hash bytea, from_source inet, lifetime interval) RETURNS uuid
    LANGUAGE sql
BEGIN ATOMIC
    INSERT INTO users.session (account_id, token_hash, source, expires_at)
    SELECT account_id, hash, from_source, now() + lifetime
    FROM users.account
    WHERE account_id = of_account AND status = 'active'
    RETURNING session_id;
END;

-- Many addresses tried from one place is a list of stolen passwords being tried out.
CREATE VIEW users.suspicious_source WITH (security_invoker = true) AS
SELECT source,
       count(*)                     AS failures,
       count(DISTINCT lower(email)) AS addresses,
       max(attempted_at)            AS last_attempt_at
FROM users.login_attempt
WHERE NOT succeeded AND attempted_at > now() - interval '1 hour'
GROUP BY source
HAVING count(*) >= 10;
COMMENT ON VIEW users.suspicious_source IS 'Sources with ten or more failed logins within the hour.';
