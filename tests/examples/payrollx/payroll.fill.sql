INSERT INTO payroll.payroll_schedules (organization_id, frequency, active_during, next_run_on)
SELECT md5('org' || n)::uuid, 'monthly', '[2020-01-01,)', CASE WHEN n % 3 > 0 THEN date '2026-06-01' + n % 365 END
FROM generate_series(0, 4999) AS n;

INSERT INTO payroll.payroll_runs (id, organization_id, schedule_id, period_start, period_end, pay_date, currency, status,
                                  created_by, approved_by, approved_at, paid_at, item_count, gross_total, deduction_total, net_total)
SELECT md5('run' || s.id || '-' || m)::uuid, organization_id, s.id, first, last, last, 'EUR',
       CASE WHEN m < 11 THEN 'paid' ELSE 'draft' END, md5('ann')::uuid, CASE WHEN m < 11 THEN md5('bob')::uuid END,
       CASE WHEN m < 11 THEN now() END, CASE WHEN m < 11 THEN now() END, CASE WHEN m < 11 THEN 1 END,
       CASE WHEN m < 11 THEN 100 END, CASE WHEN m < 11 THEN 30 END, CASE WHEN m < 11 THEN 70 END
FROM payroll.payroll_schedules AS s
CROSS JOIN LATERAL (
    SELECT m, (date '2025-07-01' + m * interval '1 month')::date AS first,
           (date '2025-08-01' + m * interval '1 month')::date - 1 AS last
    FROM generate_series(0, 11) AS m
) AS months
WHERE s.id <= 1000;

INSERT INTO payroll.payroll_items (run_id, employee_id, base_pay, income_tax)
SELECT r.id, md5('employee' || schedule_id * 5 + n)::uuid, 3000, 600
FROM payroll.payroll_runs AS r CROSS JOIN generate_series(0, 4) AS n;
