-- What the law asks before somebody may trade. Verified periods of one kind do not overlap: the answer to "was this
-- person verified on that day" is one row or none.

CREATE TABLE users.verifications (
    verification_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id         uuid NOT NULL REFERENCES users.users,
    kind            text NOT NULL
        CONSTRAINT verifications_kind_known CHECK (kind IN ('identity', 'address', 'sanctions', 'suitability')),
    outcome         text NOT NULL
        CONSTRAINT verifications_outcome_known CHECK (outcome IN ('passed', 'failed', 'review')),
    valid_during    tstzrange NOT NULL
        CONSTRAINT verifications_period_sane CHECK (NOT isempty(valid_during) AND NOT lower_inf(valid_during)),
    evidence        jsonb NOT NULL DEFAULT '{}',
    checked_at      timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT verifications_passed_once EXCLUDE USING gist (user_id WITH =, kind WITH =, valid_during WITH &&)
        WHERE (outcome = 'passed')
);
COMMENT ON COLUMN users.verifications.evidence IS 'References to documents, never the documents.';
CREATE INDEX verifications_user_idx ON users.verifications (user_id, checked_at DESC);
CREATE INDEX verifications_review_idx ON users.verifications (checked_at) WHERE outcome = 'review';
CREATE TRIGGER verifications_audited AFTER INSERT OR UPDATE OR DELETE ON users.verifications
    FOR EACH ROW EXECUTE FUNCTION users.record_change('verification_id', 'evidence');

CREATE FUNCTION users.may_trade(someone uuid, moment timestamptz DEFAULT now()) RETURNS boolean
    LANGUAGE sql
    STABLE
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT EXISTS (SELECT FROM users.users WHERE user_id = someone AND status = 'active')
       AND 2 = (
            SELECT count(DISTINCT kind)
            FROM users.verifications
            WHERE user_id = someone AND kind IN ('identity', 'sanctions') AND outcome = 'passed'
              AND valid_during @> moment
       );
END;
COMMENT ON FUNCTION users.may_trade(uuid, timestamptz) IS 'An active person with identity and sanctions checks that are valid at the moment.';
