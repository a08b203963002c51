-- Versioned prompts, what was generated from them, and the approval it needs before anybody sees it.
CREATE TABLE content_intelligence.prompt (
    prompt_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name      text NOT NULL,
    version   integer NOT NULL CHECK (version > 0),
    body      text NOT NULL,
    UNIQUE (name, version)
);

CREATE TABLE generation.draft (
    draft_id   uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    prompt_id  bigint NOT NULL REFERENCES content_intelligence.prompt,
    model      text NOT NULL,
    body       text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX draft_prompt_idx ON generation.draft (prompt_id, created_at DESC);

CREATE TABLE content_compliance.review (
    draft_id    uuid PRIMARY KEY REFERENCES generation.draft ON DELETE CASCADE,
    verdict     text NOT NULL DEFAULT 'pending' CHECK (verdict IN ('pending', 'approved', 'refused')),
    reviewer    text,
    reason      text NOT NULL DEFAULT '',
    reviewed_at timestamptz,
    CHECK ((verdict = 'pending') = (reviewed_at IS NULL))
);
CREATE INDEX review_pending_idx ON content_compliance.review (draft_id) WHERE verdict = 'pending';
