-- employee.employees_user_key: whose payslips somebody who logged in may see
SELECT id FROM employee.employees WHERE user_id = md5('user77')::uuid AND left_on IS NULL;

-- employee.employees_present_idx: the people of an organization by name
SELECT last_name, first_name, employee_number FROM employee.employees
WHERE organization_id = md5('org77')::uuid AND left_on IS NULL ORDER BY last_name, first_name LIMIT 50;

-- employee.employee_documents_employee_idx: a person's contracts
SELECT storage_key FROM employee.employee_documents WHERE employee_id = md5('employee77')::uuid AND kind = 'contract';

-- employee.employee_documents_unverified_idx: what an officer looks at next
SELECT id, employee_id FROM employee.employee_documents WHERE verified_at IS NULL ORDER BY uploaded_at LIMIT 20;

-- employee.employee_documents_expiring_idx: whose permit ends this week
SELECT employee_id, valid_until FROM employee.employee_documents
WHERE valid_until BETWEEN '2026-06-01' AND '2026-06-07' ORDER BY valid_until;
