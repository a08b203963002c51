-- What the learning of all says about the next step of one.
CREATE MATERIALIZED VIEW education_progress.course_statistics AS
SELECT c.course_id,
       count(e.account_id)                                                   AS learners,
       count(e.completed_at)                                                 AS completed,
       count(e.completed_at)::numeric / nullif(count(e.account_id), 0)       AS completion_rate,
       percentile_cont(0.5) WITHIN GROUP (
           ORDER BY extract(epoch FROM e.completed_at - e.enrolled_at) / 86400
       )                                                                     AS median_days
FROM education_content.course AS c
LEFT JOIN education.enrolment AS e USING (course_id)
GROUP BY c.course_id;
COMMENT ON MATERIALIZED VIEW education_progress.course_statistics IS 'How many take a course, finish it, and how long it takes them.';
CREATE UNIQUE INDEX course_statistics_key ON education_progress.course_statistics (course_id);

-- Two courses go together as often as their learners are the same people (cosine of the two sets).
CREATE MATERIALIZED VIEW education_progress.course_pair AS
WITH popularity AS (
    SELECT course_id, count(*) AS learners FROM education.enrolment GROUP BY course_id
)
SELECT a.course_id,
       b.course_id                                                    AS other_id,
       count(*) / sqrt(min(pa.learners)::double precision * min(pb.learners)) AS likeness
FROM education.enrolment AS a
JOIN education.enrolment AS b ON b.account_id = a.account_id AND b.course_id <> a.course_id
JOIN popularity AS pa ON pa.course_id = a.course_id
JOIN popularity AS pb ON pb.course_id = b.course_id
GROUP BY a.course_id, b.course_id;
COMMENT ON MATERIALIZED VIEW education_progress.course_pair IS 'Which courses are taken by the same people.';
CREATE UNIQUE INDEX course_pair_key ON education_progress.course_pair (course_id, other_id);

CREATE FUNCTION education.recommend(for_account uuid, most integer DEFAULT 5)
    RETURNS TABLE (course_id bigint, title text, score double precision)
    LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT c.course_id, c.title, sum(p.likeness) AS score
    FROM education.enrolment AS e
    JOIN education_progress.course_pair AS p ON p.course_id = e.course_id
    JOIN education_content.course AS c ON c.course_id = p.other_id AND c.published
    WHERE e.account_id = for_account
      AND NOT EXISTS (
          SELECT FROM education.enrolment AS own WHERE own.account_id = for_account AND own.course_id = p.other_id
      )
    GROUP BY c.course_id
    ORDER BY score DESC, c.course_id
    LIMIT most;
END;
COMMENT ON FUNCTION education.recommend IS 'Courses that people with the same courses take and this one has not.';

-- SECURITY DEFINER because only the owner of a materialized view may refresh it, and the application owns nothing.
CREATE FUNCTION education_progress.refresh() RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    REFRESH MATERIALIZED VIEW CONCURRENTLY education_progress.course_statistics;
    REFRESH MATERIALIZED VIEW CONCURRENTLY education_progress.course_pair;
END;
$$;
