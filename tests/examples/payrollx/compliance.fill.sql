INSERT INTO compliance.compliance_reports (organization_id, kind, jurisdiction, period_start, period_end, due_on, status,
                                           submitted_at, content_sha256)
SELECT md5('org' || n)::uuid, 'wage_tax', 'DE', first, last, last + 10 + n % 20, CASE WHEN m < 11 THEN 'accepted' ELSE 'draft' END,
       CASE WHEN m < 11 THEN now() END, CASE WHEN m < 11 THEN sha256('') END
FROM generate_series(0, 499) AS n
CROSS JOIN LATERAL (
    SELECT m, (date '2025-07-01' + m * interval '1 month')::date AS first,
           (date '2025-08-01' + m * interval '1 month')::date - 1 AS last
    FROM generate_series(0, 11) AS m
) AS months;

INSERT INTO compliance.audit_logs (received_at, occurred_at, service, event_id, organization_id, action, actor)
SELECT at, at, 'payroll', 'e' || n, md5('org' || n % 20000)::uuid, 'run approved', 'ann'
FROM (SELECT n, timestamptz '2026-06-01' + n * interval '1 minute' AS at FROM generate_series(0, 79999) AS n) AS made;
