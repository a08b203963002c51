INSERT INTO education_content.course (slug, title, summary, topic, level, published)
SELECT 'course-' || i,
       (ARRAY['Options', 'Shares', 'Bonds', 'Futures', 'Funds'])[1 + i % 5] || ' for ' || md5(i::text),
       'About ' || md5((i * 3)::text) || ' and ' || md5((i * 5)::text),
       (ARRAY['basics', 'equities', 'derivatives', 'crypto', 'risk', 'tax'])[1 + i % 6], 1 + i % 3, i % 4 > 0
FROM generate_series(1, 10000) AS i;
INSERT INTO education_content.lesson (course_id, number, title, body, minutes)
SELECT 1 + i % 10000, 1 + i / 10000, 'Lesson ' || md5(i::text), 'Text on ' || md5((i * 7)::text), 10
FROM generate_series(0, 19999) AS i;
INSERT INTO education.enrolment (account_id, course_id, enrolled_at)
SELECT md5('account' || a)::uuid, 1 + (a * 31 + c * 17) % 300, now() - (a + c) * interval '1 hour'
FROM generate_series(1, 2000) AS a, generate_series(1, 8) AS c
ON CONFLICT DO NOTHING;
INSERT INTO education_progress.lesson_progress (account_id, lesson_id, share)
SELECT md5('account' || a)::uuid, 1 + (a * 13 + l) % 500, 0.5 FROM generate_series(1, 2000) AS a, generate_series(1, 10) AS l;
INSERT INTO education_progress.activity (occurred_at, account_id, lesson_id, kind)
SELECT now() - i * interval '1 minute', md5('account' || i % 2000)::uuid, 1 + i % 500, 'start'
FROM generate_series(1, 40000) AS i;
REFRESH MATERIALIZED VIEW education_progress.course_statistics;
REFRESH MATERIALIZED VIEW education_progress.course_pair;
