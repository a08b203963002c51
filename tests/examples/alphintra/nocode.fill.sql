INSERT INTO nocode.components (code, category) SELECT 'component_' || n, 'indicator' FROM generate_series(1, 300) AS n;

INSERT INTO nocode.workflows (workflow_id, user_id, name, archived_at)
SELECT md5('workflow' || n)::uuid, md5('user' || n % 2000)::uuid, 'Workflow ' || n, CASE WHEN n % 10 = 0 THEN now() END
FROM generate_series(0, 9999) AS n;

INSERT INTO nocode.workflow_versions (workflow_version_id, workflow_id, version, definition, published_at)
SELECT md5('version' || n || version)::uuid, md5('workflow' || n)::uuid, version,
       jsonb_build_object('nodes', jsonb_build_array(jsonb_build_object('component', 'component_' || 1 + n % 300)), 'edges', '[]'::jsonb),
       CASE WHEN version = 1 THEN now() END
FROM generate_series(0, 9999) AS n CROSS JOIN generate_series(1, 2) AS version;

INSERT INTO nocode.workflow_executions (execution_id, workflow_version_id, status, started_at, finished_at)
SELECT md5('execution' || n)::uuid, md5('version' || n % 10000 || '1')::uuid, CASE WHEN n % 500 = 0 THEN 'running' ELSE 'succeeded' END,
       timestamptz '2026-06-01' + n * interval '1 minute', CASE WHEN n % 500 > 0 THEN timestamptz '2026-06-01 00:05' + n * interval '1 minute' END
FROM generate_series(0, 29999) AS n;

INSERT INTO nocode.execution_steps (execution_id, step, node_id, logged_at, succeeded)
SELECT md5('execution' || n)::uuid, step, 'n' || step, timestamptz '2026-06-01' + n * interval '1 minute', true
FROM generate_series(0, 9999) AS n CROSS JOIN generate_series(1, 3) AS step;

INSERT INTO nocode.audit_log (occurred_at, actor, action, entity, entity_id, new_row)
SELECT timestamptz '2026-06-01' + n * interval '1 minute', 'app', 'insert', 'workflows', md5('workflow' || n % 10000)::uuid::text, '{}'
FROM generate_series(1, 20000) AS n;
