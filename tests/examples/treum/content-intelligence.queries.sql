-- content_intelligence.template_version_active_key: the prompt that is used today
SELECT version, prompt FROM content_intelligence.template_version WHERE template_id = 7 AND state = 'active';

-- generation.draft_template_idx: the last texts of a version, and the key that keeps it
SELECT draft_id FROM generation.draft WHERE template_id = 7 AND version = 7 ORDER BY created_at DESC LIMIT 20;

-- generation.draft_body_idx: whether a text was generated before
SELECT draft_id FROM generation.draft WHERE body = 'Text 77' || repeat('.', 100);

-- generation.draft_signal_idx: what was written about a signal
SELECT draft_id FROM generation.draft WHERE signal_id = 78;

-- generation.draft_cost_idx: what a day cost
SELECT sum(cost) FROM generation.draft WHERE (created_at AT TIME ZONE 'UTC')::date = current_date - 10;

-- generation.call_failed_idx: what failed lately
SELECT called_at, outcome FROM generation.call
WHERE model = 'small' AND outcome <> 'ok' ORDER BY called_at DESC LIMIT 20;

-- content_compliance.review_pending_idx: what a reviewer reads next
SELECT draft_id FROM content_compliance.review WHERE verdict = 'pending' ORDER BY opened_at LIMIT 20;

-- content_compliance.publication_live_idx: what the application shows
SELECT draft_id FROM content_compliance.publication
WHERE channel = 'app' AND withdrawn_at IS NULL ORDER BY published_at DESC LIMIT 20;
