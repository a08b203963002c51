INSERT INTO content_intelligence.template (name, audience)
SELECT 'template_' || translate(i::text, '0123456789', 'abcdefghij'), 'retail' FROM generate_series(1, 100) AS i;
INSERT INTO content_intelligence.template_version (template_id, version, prompt, author, state)
SELECT t, v, 'Write', 'ada', CASE WHEN v = 20 THEN 'active' ELSE 'retired' END
FROM generate_series(1, 100) AS t, generate_series(1, 20) AS v;
INSERT INTO generation.draft (draft_id, template_id, version, signal_id, model, body, requested_by, input_tokens,
                              output_tokens, cost, created_at)
SELECT md5('draft' || i)::uuid, 1 + i % 100, 1 + i % 20, CASE WHEN i % 3 = 0 THEN i END, 'small',
       'Text ' || i || repeat('.', 100), 'ada', 10, 10, 0.001, now() - i * interval '10 minutes'
FROM generate_series(1, 20000) AS i;
INSERT INTO generation.call (called_at, model, milliseconds, outcome)
SELECT now() - i * interval '1 minute', 'small', 100, CASE WHEN i % 50 = 0 THEN 'timeout' ELSE 'ok' END
FROM generate_series(1, 40000) AS i;
INSERT INTO content_compliance.review (draft_id, author, verdict, reviewer, opened_at, reviewed_at)
SELECT md5('draft' || i)::uuid, 'ada', CASE WHEN i % 50 = 0 THEN 'pending' ELSE 'approved' END,
       CASE WHEN i % 50 > 0 THEN 'ben' END, now() - i * interval '1 minute', CASE WHEN i % 50 > 0 THEN now() END
FROM generate_series(1, 20000) AS i;
INSERT INTO content_compliance.publication (draft_id, channel, published_at, withdrawn_at)
SELECT md5('draft' || i)::uuid, 'app', now() - i * interval '2 minutes', CASE WHEN i % 3 = 0 THEN now() END
FROM generate_series(1, 20000) AS i WHERE i % 50 > 0;
