-- education_content.course_words_idx: full text, as the search asks
SELECT course_id FROM education_content.course
WHERE words @@ websearch_to_tsquery('english', md5('21') || ' options');

-- education_content.course_title_idx: a title that is nearly the one that was typed
SELECT course_id, title FROM education_content.course WHERE 'futurs 8f14e45fceea167a' OPERATOR(extensions.<%) title;

-- education_content.course_offer_idx: what is offered on a topic
SELECT title FROM education_content.course WHERE topic = 'risk' AND level = 2 AND published;

-- education_content.lesson_words_idx: full text of the lessons
SELECT course_id FROM education_content.lesson WHERE words @@ websearch_to_tsquery('english', md5('77'));

-- education.enrolment_course_idx: who came to a course lately, and the key that keeps it
SELECT account_id FROM education.enrolment WHERE course_id = 7 AND enrolled_at > now() - interval '100 days';

-- education_progress.lesson_progress_lesson_idx: how far people come in a lesson, from the index alone
SELECT avg(share) FROM education_progress.lesson_progress WHERE lesson_id = 77;

-- education_progress.activity_account_idx: what somebody did last
SELECT occurred_at, kind FROM education_progress.activity
WHERE account_id = md5('account77')::uuid ORDER BY occurred_at DESC LIMIT 20;

-- education_progress.course_statistics_key: the figures of a course
SELECT learners, completion_rate FROM education_progress.course_statistics WHERE course_id = 7;

-- education_progress.course_pair_key: what goes together with a course
SELECT other_id, likeness FROM education_progress.course_pair WHERE course_id = 7;
