-- payroll.payroll_schedules_due_idx: what is to be run today
SELECT id, organization_id FROM payroll.payroll_schedules WHERE next_run_on <= '2026-06-03';

-- payroll.payroll_runs_organization_idx: the last runs of an organization
SELECT id, status, net_total FROM payroll.payroll_runs
WHERE organization_id = md5('org77')::uuid ORDER BY period_end DESC LIMIT 12;

-- payroll.payroll_runs_open_idx: what must be approved before Friday, without a look at the table
SELECT pay_date, organization_id FROM payroll.payroll_runs
WHERE status IN ('draft', 'calculated') AND pay_date <= '2026-06-30' ORDER BY pay_date LIMIT 20;

-- payroll.payroll_items_employee_idx: a person's year, without a look at the table
SELECT sum(gross_pay), sum(net_pay) FROM payroll.payroll_items WHERE employee_id = md5('employee77')::uuid;
