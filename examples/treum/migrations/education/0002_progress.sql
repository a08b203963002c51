-- Who learns what, how far each has come, and what everybody does in a lesson.
CREATE TABLE education.enrolment (
    account_id   uuid NOT NULL,
    course_id    bigint NOT NULL REFERENCES education_content.course,
    enrolled_at  timestamptz NOT NULL DEFAULT now(),
    completed_at timestamptz CHECK (completed_at >= enrolled_at),
    PRIMARY KEY (account_id, course_id)
);
COMMENT ON TABLE education.enrolment IS 'Who takes which course; completed when its last lesson is.';
CREATE INDEX enrolment_course_idx ON education.enrolment (course_id, enrolled_at);

CREATE TABLE education_progress.lesson_progress (
    account_id   uuid NOT NULL,
    lesson_id    bigint NOT NULL REFERENCES education_content.lesson ON DELETE CASCADE,
    share        numeric(5, 4) NOT NULL CHECK (share BETWEEN 0 AND 1),
    completed    boolean NOT NULL GENERATED ALWAYS AS (share = 1) STORED,
    updated_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (account_id, lesson_id)
) WITH (fillfactor = 80);
COMMENT ON TABLE education_progress.lesson_progress IS 'How much of a lesson somebody has seen.';
CREATE INDEX lesson_progress_lesson_idx ON education_progress.lesson_progress (lesson_id) INCLUDE (share);

CREATE TABLE education_progress.activity (
    occurred_at timestamptz NOT NULL DEFAULT now(),
    account_id  uuid NOT NULL,
    lesson_id   bigint NOT NULL,
    kind        text NOT NULL CHECK (kind IN ('start', 'pause', 'resume', 'finish', 'answer')),
    seconds     integer NOT NULL DEFAULT 0 CHECK (seconds >= 0),
    correct     boolean
);
COMMENT ON TABLE education_progress.activity IS 'What learners did, minute by minute; dropped after its retention.';
CREATE INDEX activity_account_idx ON education_progress.activity (account_id, occurred_at DESC);

-- Notes how far somebody is. A lesson never becomes unseen again, and the last one completes the course.
CREATE FUNCTION education_progress.advance(of_account uuid, of_lesson bigint, to_share numeric) RETURNS boolean
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    of_course bigint;
BEGIN
    SELECT course_id INTO STRICT of_course FROM education_content.lesson WHERE lesson_id = of_lesson;
    INSERT INTO education.enrolment (account_id, course_id) VALUES (of_account, of_course) ON CONFLICT DO NOTHING;
    INSERT INTO education_progress.lesson_progress AS p (account_id, lesson_id, share)
    VALUES (of_account, of_lesson, to_share)
    ON CONFLICT (account_id, lesson_id) DO UPDATE
    SET share = greatest(p.share, excluded.share), updated_at = now();
    UPDATE education.enrolment SET completed_at = now()
    WHERE account_id = of_account AND course_id = of_course AND completed_at IS NULL
      AND NOT EXISTS (
          SELECT FROM education_content.lesson AS l
          WHERE l.course_id = of_course AND NOT EXISTS (
              SELECT FROM education_progress.lesson_progress AS p
              WHERE p.account_id = of_account AND p.lesson_id = l.lesson_id AND p.completed
          )
      );
    RETURN FOUND;
END;
$$;
COMMENT ON FUNCTION education_progress.advance IS 'Notes progress; true when it completed the course.';
