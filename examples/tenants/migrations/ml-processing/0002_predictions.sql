-- What models predicted, from which features, and the patterns that trades are compared with.
CREATE TABLE ml.model_versions (
    model_version text PRIMARY KEY,
    kind          text NOT NULL CHECK (kind IN ('direction', 'volatility', 'regime', 'embedding')),
    dimensions    integer CHECK (dimensions > 0),
    released_at   timestamptz NOT NULL DEFAULT now(),
    retired_at    timestamptz,
    CHECK ((kind = 'embedding') = (dimensions IS NOT NULL)),
    CHECK (retired_at > released_at)
);

CREATE TABLE ml.ai_predictions (
    time            timestamptz NOT NULL,
    company_id      text NOT NULL,
    user_id         text NOT NULL,
    symbol          text NOT NULL,
    prediction_type text NOT NULL CHECK (prediction_type IN ('buy', 'sell', 'hold')),
    confidence      numeric(3, 2) NOT NULL CHECK (confidence BETWEEN 0 AND 1),
    model_version   text NOT NULL REFERENCES ml.model_versions,
    features        jsonb NOT NULL CHECK (jsonb_typeof(features) = 'object'),
    result          jsonb CHECK (jsonb_typeof(result) = 'object')
);
-- No GIN index on features: containment is not leakproof, so PostgreSQL never asks it before the policy, nor an index.
CREATE INDEX ai_predictions_company_idx ON ml.ai_predictions (company_id, symbol, time DESC);
CREATE INDEX ai_predictions_model_idx ON ml.ai_predictions (company_id, model_version, time DESC);

ALTER TABLE ml.ai_predictions ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY ai_predictions_company ON ml.ai_predictions
    USING (company_id = (SELECT ml.current_company()))
    WITH CHECK (company_id = (SELECT ml.current_company()));
CREATE POLICY ai_predictions_person ON ml.ai_predictions AS RESTRICTIVE
    USING ((SELECT ml.current_person()) IN ('*', user_id))
    WITH CHECK ((SELECT ml.current_person()) IN ('*', user_id));

-- Embeddings are arrays: a vector extension is not everywhere. How long an array is, its own model says.
CREATE FUNCTION ml.norm(v real[]) RETURNS double precision
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN (SELECT sqrt(sum(x::double precision * x)) FROM unnest(v) AS x);

CREATE TABLE ml.trading_patterns (
    company_id    text NOT NULL,
    pattern_id    uuid NOT NULL DEFAULT gen_random_uuid(),
    user_id       text,
    name          text NOT NULL,
    model_version text NOT NULL REFERENCES ml.model_versions,
    embedding     real[] NOT NULL
        CHECK (array_ndims(embedding) = 1 AND array_position(embedding, NULL) IS NULL),
    norm          double precision GENERATED ALWAYS AS (ml.norm(embedding)) STORED CHECK (norm > 0),
    created_at    timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (company_id, pattern_id)
);
CREATE INDEX trading_patterns_model_idx ON ml.trading_patterns (company_id, model_version);

ALTER TABLE ml.trading_patterns ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY trading_patterns_company ON ml.trading_patterns
    USING (company_id = (SELECT ml.current_company()))
    WITH CHECK (company_id = (SELECT ml.current_company()));
-- a row without a person is the company's: its people read it, a job of the company writes it
CREATE POLICY trading_patterns_reads ON ml.trading_patterns AS RESTRICTIVE FOR SELECT
    USING (user_id IS NULL OR (SELECT ml.current_person()) IN ('*', user_id));
CREATE POLICY trading_patterns_inserts ON ml.trading_patterns AS RESTRICTIVE FOR INSERT
    WITH CHECK ((SELECT ml.current_person()) IN ('*', user_id));
CREATE POLICY trading_patterns_updates ON ml.trading_patterns AS RESTRICTIVE FOR UPDATE
    USING ((SELECT ml.current_person()) IN ('*', user_id))
    WITH CHECK ((SELECT ml.current_person()) IN ('*', user_id));
CREATE POLICY trading_patterns_deletes ON ml.trading_patterns AS RESTRICTIVE FOR DELETE
    USING ((SELECT ml.current_person()) IN ('*', user_id));

CREATE FUNCTION ml.check_dimensions() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    wanted integer := (SELECT dimensions FROM ml.model_versions WHERE model_version = new.model_version);
BEGIN
    IF cardinality(new.embedding) IS DISTINCT FROM wanted THEN
        RAISE EXCEPTION 'model % makes % dimensions, not %', new.model_version, coalesce(wanted, 0),
            cardinality(new.embedding) USING ERRCODE = 'check_violation';
    END IF;
    RETURN new;
END;
$$;
CREATE TRIGGER trading_patterns_dimensions BEFORE INSERT OR UPDATE OF embedding, model_version ON ml.trading_patterns
    FOR EACH ROW EXECUTE FUNCTION ml.check_dimensions();

-- The patterns of the caller's company that are most like one, by cosine; exact, over all of the company's patterns.
CREATE FUNCTION ml.similar_patterns(to_this real[], of_model text, at_most integer, certainty double precision DEFAULT 0)
    RETURNS TABLE (pattern_id uuid, name text, similarity double precision)
    LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT p.pattern_id, p.name, s.similarity
    FROM ml.trading_patterns AS p
    CROSS JOIN LATERAL (
        SELECT sum(a.x::double precision * a.y) / (p.norm * ml.norm(to_this)) AS similarity
        FROM unnest(p.embedding, to_this) AS a (x, y)
    ) AS s
    WHERE p.model_version = of_model AND s.similarity >= certainty
    ORDER BY s.similarity DESC, p.pattern_id
    LIMIT at_most;
END;
