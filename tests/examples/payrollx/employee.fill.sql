INSERT INTO employee.employees (id, organization_id, user_id, employee_number, first_name, last_name, email, hired_on, left_on)
SELECT md5('employee' || n)::uuid, md5('org' || n % 200)::uuid, md5('user' || n)::uuid, 'E-' || n, 'A', 'Name' || n % 1000,
       'e' || n || '@example.com', '2020-01-01', CASE WHEN n % 5 = 0 THEN date '2025-12-31' END
FROM generate_series(0, 19999) AS n;

INSERT INTO employee.employment_contracts (employee_id, in_force, yearly_salary, currency, weekly_hours)
SELECT id, '[2026-01-01,)', 48000, 'EUR', 40 FROM employee.employees LIMIT 5000;

INSERT INTO employee.employee_documents (employee_id, kind, storage_key, sha256, valid_until, uploaded_at, verified_at, verified_by)
SELECT md5('employee' || n % 20000)::uuid, CASE WHEN n % 20 = 0 THEN 'work_permit' ELSE 'contract' END, 'key' || n,
       sha256(n::text::bytea), CASE WHEN n % 20 = 0 THEN date '2026-01-01' + n % 1000 END,
       timestamptz '2026-01-01' + n * interval '1 minute',
       CASE WHEN n % 100 > 0 THEN timestamptz '2026-03-01' END, CASE WHEN n % 100 > 0 THEN md5('officer')::uuid END
FROM generate_series(0, 39999) AS n;
