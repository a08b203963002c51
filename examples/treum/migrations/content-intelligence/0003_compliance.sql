-- Nothing is published that somebody else than its author has not approved. Keys say so, and no code can forget it.
CREATE TABLE content_compliance.rule (
    rule_id  text PRIMARY KEY,
    pattern  text NOT NULL,
    severity text NOT NULL CHECK (severity IN ('block', 'warn')),
    reason   text NOT NULL
);
COMMENT ON TABLE content_compliance.rule IS 'What a text for clients may not say, as case-insensitive regular expressions.';
INSERT INTO content_compliance.rule (rule_id, pattern, severity, reason) VALUES
    ('promise', '\m(guaranteed?|risk[- ]free|cannot lose)\M', 'block', 'a return is never promised'),
    ('advice', '\myou (should|must) (buy|sell)\M', 'block', 'a general text gives no personal advice'),
    ('superlative', '\m(best|safest) (stock|fund|investment)\M', 'warn', 'a comparison needs its evidence');

CREATE FUNCTION content_compliance.screen(of_draft uuid)
    RETURNS TABLE (rule_id text, severity text, reason text, passage text)
    LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT r.rule_id, r.severity, r.reason, substring(d.body FROM '(?i)(' || r.pattern || ')')
    FROM generation.draft AS d
    JOIN content_compliance.rule AS r ON d.body ~* r.pattern
    WHERE d.draft_id = of_draft;
END;

CREATE TABLE content_compliance.review (
    draft_id    uuid PRIMARY KEY REFERENCES generation.draft,
    author      text NOT NULL,
    verdict     text NOT NULL DEFAULT 'pending' CHECK (verdict IN ('pending', 'approved', 'refused')),
    reviewer    text,
    reason      text NOT NULL DEFAULT '',
    opened_at   timestamptz NOT NULL DEFAULT now(),
    reviewed_at timestamptz,
    UNIQUE (draft_id, verdict),
    CHECK ((verdict = 'pending') = (reviewed_at IS NULL)),
    CHECK ((verdict = 'pending') = (reviewer IS NULL)),
    CONSTRAINT review_by_another CHECK (reviewer <> author),
    CONSTRAINT review_refused_with_reason CHECK (verdict <> 'refused' OR reason <> '')
);
COMMENT ON TABLE content_compliance.review IS 'The verdict on each draft, never its author''s own.';
CREATE INDEX review_pending_idx ON content_compliance.review (opened_at) WHERE verdict = 'pending';

-- What a blocking rule finds cannot be approved, whoever signs.
CREATE FUNCTION content_compliance.check_verdict() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    broken text;
BEGIN
    SELECT string_agg(rule_id, ', ' ORDER BY rule_id) INTO broken
    FROM content_compliance.screen(new.draft_id) WHERE severity = 'block';
    IF broken IS NOT NULL THEN
        RAISE EXCEPTION 'the text breaks: %', broken USING ERRCODE = 'check_violation';
    END IF;
    RETURN new;
END;
$$;
CREATE TRIGGER review_keeps_rules BEFORE INSERT OR UPDATE ON content_compliance.review
    FOR EACH ROW WHEN (new.verdict = 'approved') EXECUTE FUNCTION content_compliance.check_verdict();

CREATE TABLE content_compliance.publication (
    draft_id     uuid PRIMARY KEY,
    verdict      text NOT NULL GENERATED ALWAYS AS ('approved') STORED,
    channel      text NOT NULL CHECK (channel IN ('app', 'email', 'web')),
    published_at timestamptz NOT NULL DEFAULT now(),
    withdrawn_at timestamptz CHECK (withdrawn_at > published_at),
    -- the key exists only while the review says approved, so the verdict cannot be taken back under a published text
    CONSTRAINT publication_approved FOREIGN KEY (draft_id, verdict)
        REFERENCES content_compliance.review (draft_id, verdict)
);
COMMENT ON TABLE content_compliance.publication IS 'What clients see; only an approved draft can stand here.';
CREATE INDEX publication_live_idx ON content_compliance.publication (channel, published_at DESC)
    WHERE withdrawn_at IS NULL;
