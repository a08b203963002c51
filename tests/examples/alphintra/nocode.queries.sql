-- nocode.workflows_name_key: whether a name is taken, as somebody types it
SELECT workflow_id FROM nocode.workflows
WHERE user_id = md5('user77')::uuid AND lower(name) = lower('WORKFLOW 77') AND archived_at IS NULL;

-- nocode.workflow_versions_uses_idx: what would change with a component
SELECT workflow_version_id FROM nocode.workflow_versions
WHERE definition @> '{"nodes": [{"component": "component_77"}]}';

-- nocode.workflow_executions_version_idx: the last runs of a version
SELECT execution_id, status FROM nocode.workflow_executions
WHERE workflow_version_id = md5('version771')::uuid ORDER BY started_at DESC LIMIT 10;

-- nocode.workflow_executions_running_idx: what has been running too long
SELECT execution_id FROM nocode.workflow_executions WHERE status = 'running' AND started_at < '2026-06-10';

-- nocode.audit_log_entity_idx: what happened to a workflow
SELECT occurred_at, action, actor FROM nocode.audit_log
WHERE entity = 'workflows' AND entity_id = md5('workflow77')::uuid::text ORDER BY occurred_at DESC;
