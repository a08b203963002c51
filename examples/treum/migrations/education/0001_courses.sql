-- Courses with a text search that needs no extension, and how far each learner has come.
CREATE TABLE education_content.course (
    course_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    title     text NOT NULL,
    summary   text NOT NULL DEFAULT '',
    level     text NOT NULL CHECK (level IN ('beginner', 'intermediate', 'advanced')),
    published boolean NOT NULL DEFAULT false,
    words     tsvector GENERATED ALWAYS AS (
        setweight(to_tsvector('english', title), 'A') || setweight(to_tsvector('english', summary), 'B')
    ) STORED
);
CREATE INDEX course_words_idx ON education_content.course USING gin (words);

CREATE TABLE education_content.lesson (
    lesson_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    course_id bigint NOT NULL REFERENCES education_content.course ON DELETE CASCADE,
    number    integer NOT NULL CHECK (number > 0),
    title     text NOT NULL,
    body      text NOT NULL,
    UNIQUE (course_id, number)
);

CREATE TABLE education.enrolment (
    account_id  uuid NOT NULL,
    course_id   bigint NOT NULL REFERENCES education_content.course,
    enrolled_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (account_id, course_id)
);
CREATE INDEX enrolment_course_idx ON education.enrolment (course_id);

CREATE TABLE education_progress.lesson_progress (
    account_id   uuid NOT NULL,
    lesson_id    bigint NOT NULL REFERENCES education_content.lesson ON DELETE CASCADE,
    share        numeric(5, 4) NOT NULL CHECK (share BETWEEN 0 AND 1),
    completed_at timestamptz,
    PRIMARY KEY (account_id, lesson_id)
);
CREATE INDEX lesson_progress_lesson_idx ON education_progress.lesson_progress (lesson_id);
