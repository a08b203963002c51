-- People as their employer knows them, and what they are paid for. On any day a person has one contract or none.

-- Two writers who read the same version cannot both win: UPDATE .. WHERE row_version = the one that was read.
CREATE FUNCTION employee.next_version() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    new.row_version := old.row_version + 1;
    new.updated_at := clock_timestamp();
    RETURN new;
END;
$$;

CREATE TABLE employee.employees (
    id              uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    organization_id uuid NOT NULL,
    user_id         uuid,
    employee_number text NOT NULL CONSTRAINT employees_number_form CHECK (employee_number ~ '^[A-Z0-9-]{1,20}$'),
    first_name      text NOT NULL,
    last_name       text NOT NULL,
    email           text NOT NULL CONSTRAINT employees_email_valid CHECK (email ~ '^[^@\s]+@[^@\s]+$'),
    hired_on        date NOT NULL,
    left_on         date,
    updated_at      timestamptz NOT NULL DEFAULT now(),
    row_version     bigint NOT NULL DEFAULT 1,
    CONSTRAINT employees_number_key UNIQUE (organization_id, employee_number),
    CONSTRAINT employees_leave_after_they_came CHECK (left_on >= hired_on)
);
COMMENT ON TABLE employee.employees IS 'Published: payroll and notification read it.';
COMMENT ON COLUMN employee.employees.user_id IS 'auth.users; empty for people who never log in.';
CREATE UNIQUE INDEX employees_user_key ON employee.employees (user_id) WHERE user_id IS NOT NULL AND left_on IS NULL;
CREATE INDEX employees_present_idx ON employee.employees (organization_id, last_name, first_name) WHERE left_on IS NULL;
CREATE TRIGGER employees_version BEFORE UPDATE ON employee.employees
    FOR EACH ROW EXECUTE FUNCTION employee.next_version();

CREATE TABLE employee.employment_contracts (
    id            uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    employee_id   uuid NOT NULL REFERENCES employee.employees,
    in_force      daterange NOT NULL
        CONSTRAINT employment_contracts_period_sane CHECK (NOT isempty(in_force) AND NOT lower_inf(in_force)),
    yearly_salary numeric(18, 2) NOT NULL CONSTRAINT employment_contracts_salary_positive CHECK (yearly_salary > 0),
    currency      char(3) NOT NULL CONSTRAINT employment_contracts_currency_form CHECK (currency ~ '^[A-Z]{3}$'),
    weekly_hours  numeric(4, 2) NOT NULL CONSTRAINT employment_contracts_hours_sane CHECK (weekly_hours > 0 AND weekly_hours <= 60),
    CONSTRAINT employment_contracts_one_a_day EXCLUDE USING gist (employee_id WITH =, in_force WITH &&)
);
COMMENT ON TABLE employee.employment_contracts IS 'Published: payroll computes from it. A raise ends one contract and begins the next.';
COMMENT ON CONSTRAINT employment_contracts_one_a_day ON employee.employment_contracts IS 'Two contracts on one day would be two salaries.';

CREATE TABLE employee.employee_documents (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    employee_id uuid NOT NULL REFERENCES employee.employees,
    kind        text NOT NULL CONSTRAINT employee_documents_kind_known
        CHECK (kind IN ('contract', 'identity', 'tax_form', 'work_permit', 'certificate')),
    storage_key text NOT NULL,
    sha256      bytea NOT NULL CONSTRAINT employee_documents_hash_length CHECK (octet_length(sha256) = 32),
    valid_until date,
    uploaded_at timestamptz NOT NULL DEFAULT now(),
    verified_at timestamptz,
    verified_by uuid,
    legal_hold  boolean NOT NULL DEFAULT false,
    CONSTRAINT employee_documents_storage_key UNIQUE (storage_key),
    CONSTRAINT employee_documents_verified_by_somebody CHECK ((verified_at IS NULL) = (verified_by IS NULL)),
    CONSTRAINT employee_documents_permit_ends CHECK (kind <> 'work_permit' OR valid_until IS NOT NULL)
);
COMMENT ON COLUMN employee.employee_documents.legal_hold IS 'Kept for a dispute, however old it is.';
COMMENT ON TABLE employee.employee_documents IS 'The documents themselves lie in a store; this row says what they were when they came.';
CREATE INDEX employee_documents_employee_idx ON employee.employee_documents (employee_id, kind);
CREATE INDEX employee_documents_unverified_idx ON employee.employee_documents (uploaded_at) WHERE verified_at IS NULL;
CREATE INDEX employee_documents_expiring_idx ON employee.employee_documents (valid_until) WHERE valid_until IS NOT NULL;
