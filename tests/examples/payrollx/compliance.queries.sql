-- compliance.compliance_reports_due_idx: what must be filed next, without a look at the table
SELECT due_on, organization_id, kind FROM compliance.compliance_reports WHERE status = 'draft' ORDER BY due_on LIMIT 20;

-- compliance.audit_logs_organization_idx: the trail of an organization
SELECT occurred_at, service, action, actor FROM compliance.audit_logs
WHERE organization_id = md5('org77')::uuid ORDER BY occurred_at DESC LIMIT 50;

-- compliance.audit_logs_occurred_idx: what was reported in an hour
SELECT service, count(*) FROM compliance.audit_logs
WHERE occurred_at >= '2026-06-10 09:00+00' AND occurred_at < '2026-06-10 10:00+00' GROUP BY service;
