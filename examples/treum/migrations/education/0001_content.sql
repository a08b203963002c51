-- Courses and lessons, found by their words and by words that are nearly theirs.
CREATE TABLE education_content.course (
    course_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    slug      text NOT NULL UNIQUE CHECK (slug ~ '^[a-z0-9-]{1,80}$'),
    title     text NOT NULL,
    summary   text NOT NULL DEFAULT '',
    topic     text NOT NULL CHECK (topic IN ('basics', 'equities', 'derivatives', 'crypto', 'risk', 'tax')),
    level     smallint NOT NULL CHECK (level BETWEEN 1 AND 3),
    published boolean NOT NULL DEFAULT false,
    words     tsvector NOT NULL GENERATED ALWAYS AS (
        setweight(to_tsvector('english', title), 'A') || setweight(to_tsvector('english', summary), 'B')
    ) STORED
);
COMMENT ON TABLE education_content.course IS 'What can be learned; published.';
CREATE INDEX course_words_idx ON education_content.course USING gin (words);
CREATE INDEX course_title_idx ON education_content.course USING gin (title extensions.gin_trgm_ops);
CREATE INDEX course_offer_idx ON education_content.course (topic, level) INCLUDE (title) WHERE published;

CREATE TABLE education_content.lesson (
    lesson_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    course_id bigint NOT NULL REFERENCES education_content.course ON DELETE CASCADE,
    number    integer NOT NULL CHECK (number > 0),
    title     text NOT NULL,
    body      text NOT NULL,
    minutes   smallint NOT NULL CHECK (minutes BETWEEN 1 AND 240),
    words     tsvector NOT NULL GENERATED ALWAYS AS (
        setweight(to_tsvector('english', title), 'B') || setweight(to_tsvector('english', body), 'D')
    ) STORED,
    UNIQUE (course_id, number)
);
COMMENT ON TABLE education_content.lesson IS 'The lessons of a course, in their order.';
CREATE INDEX lesson_words_idx ON education_content.lesson USING gin (words);

-- Courses for words as people type them ("risk -crypto", "value at risk"), best first, with the place that matched.
-- Where no word matches, titles that look alike: a misspelt search still finds something.
CREATE FUNCTION education_content.search(asked text, most integer DEFAULT 10)
    RETURNS TABLE (course_id bigint, title text, rank real, excerpt text)
    LANGUAGE plpgsql STABLE
    SET search_path = pg_catalog, pg_temp
    SET pg_trgm.word_similarity_threshold = 0.4
AS $$
DECLARE
    wanted constant tsquery := websearch_to_tsquery('english', asked);
BEGIN
    RETURN QUERY
    SELECT best.course_id, best.title, best.rank,
           ts_headline('english', best.summary, wanted, 'MaxWords=20, MinWords=5')
    FROM (
        SELECT c.course_id, c.title, c.summary, max(m.rank) AS rank
        FROM (
            SELECT own.course_id, ts_rank_cd(own.words, wanted) AS rank
            FROM education_content.course AS own WHERE own.words @@ wanted
            UNION ALL
            SELECT l.course_id, ts_rank_cd(l.words, wanted)
            FROM education_content.lesson AS l WHERE l.words @@ wanted
        ) AS m
        JOIN education_content.course AS c USING (course_id)
        WHERE c.published
        GROUP BY c.course_id
        ORDER BY max(m.rank) DESC, c.course_id
        LIMIT most
    ) AS best;
    IF NOT FOUND THEN
        RETURN QUERY
        SELECT c.course_id, c.title, extensions.word_similarity(asked, c.title), c.summary
        FROM education_content.course AS c
        WHERE c.published AND asked OPERATOR(extensions.<%) c.title
        ORDER BY 3 DESC, c.course_id
        LIMIT most;
    END IF;
END;
$$;
COMMENT ON FUNCTION education_content.search IS 'Finds published courses by full text, and by likeness where no word matches.';
