-- What was generated, by which model, from which version of which prompt, and what it cost.
CREATE TABLE generation.draft (
    draft_id      uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    template_id   bigint NOT NULL,
    version       integer NOT NULL,
    revises       uuid REFERENCES generation.draft,
    signal_id     bigint,
    model         text NOT NULL,
    seed          bigint,
    body          text NOT NULL CHECK (length(body) > 0),
    requested_by  text NOT NULL,
    input_tokens  integer NOT NULL CHECK (input_tokens >= 0),
    output_tokens integer NOT NULL CHECK (output_tokens >= 0),
    cost          numeric(12, 6) NOT NULL CHECK (cost >= 0),
    created_at    timestamptz NOT NULL DEFAULT now(),
    FOREIGN KEY (template_id, version) REFERENCES content_intelligence.template_version,
    CHECK (revises <> draft_id)
);
COMMENT ON TABLE generation.draft IS 'Generated texts. A text never changes: a revision is a draft of its own.';
CREATE INDEX draft_template_idx ON generation.draft (template_id, version, created_at DESC);
-- the same text again, however long it is: a B-tree could not hold it
CREATE INDEX draft_body_idx ON generation.draft USING hash (body);
CREATE INDEX draft_signal_idx ON generation.draft (signal_id) WHERE signal_id IS NOT NULL;
CREATE INDEX draft_cost_idx ON generation.draft (((created_at AT TIME ZONE 'UTC')::date)) INCLUDE (model, cost);

CREATE FUNCTION generation.refuse_change() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RAISE EXCEPTION 'a generated text is never changed; add a draft that revises it'
        USING ERRCODE = 'integrity_constraint_violation';
END;
$$;
CREATE TRIGGER draft_final BEFORE UPDATE OR DELETE ON generation.draft
    FOR EACH ROW EXECUTE FUNCTION generation.refuse_change();

CREATE TABLE generation.call (
    called_at    timestamptz NOT NULL DEFAULT now(),
    model        text NOT NULL,
    milliseconds integer NOT NULL CHECK (milliseconds >= 0),
    outcome      text NOT NULL CHECK (outcome IN ('ok', 'refused', 'timeout', 'error')),
    draft_id     uuid
);
COMMENT ON TABLE generation.call IS 'Every call of a model, answered or not; dropped after its retention.';
CREATE INDEX call_failed_idx ON generation.call (model, called_at DESC) WHERE outcome <> 'ok';
