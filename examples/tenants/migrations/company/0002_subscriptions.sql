-- What the payment provider tells of subscriptions. It tells things twice and out of order.
CREATE TABLE subscription_events (
    event_id    text PRIMARY KEY,
    user_id     text NOT NULL REFERENCES users,
    tier        text NOT NULL CHECK (tier IN ('free', 'pro', 'enterprise')),
    occurred_at timestamptz NOT NULL,
    payload     jsonb NOT NULL DEFAULT '{}',
    received_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX subscription_events_user_idx ON subscription_events (user_id, occurred_at DESC);

-- Takes one event over: true when it changed the subscription, false when it was known or older than what is known.
CREATE FUNCTION take_subscription(
    event text, of_user text, new_tier text, limits jsonb, at timestamptz, told jsonb DEFAULT '{}'
)
    RETURNS boolean
    LANGUAGE plpgsql
    SET search_path FROM CURRENT
AS $$
BEGIN
    INSERT INTO subscription_events (event_id, user_id, tier, occurred_at, payload)
    VALUES (event, of_user, new_tier, at, told)
    ON CONFLICT (event_id) DO NOTHING;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    UPDATE users
    SET subscription_tier = new_tier, subscription_limits = limits, subscription_at = at, updated_at = now()
    WHERE user_id = of_user AND subscription_at < at;
    RETURN FOUND;
END;
$$;
