-- Payroll: when it is due (schedules), one computation of it (a run), and what each person gets (items).
--
-- What is guaranteed here, whoever writes: a person is in a run once; gross less deductions is net, because it is
-- computed; two regular runs of a schedule never cover the same day; who made a run does not approve it; nothing
-- of a run changes once it is approved.

-- Two writers who read the same version cannot both win: UPDATE .. WHERE row_version = the one that was read.
CREATE FUNCTION payroll.next_version() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    new.row_version := old.row_version + 1;
    new.updated_at := clock_timestamp();
    RETURN new;
END;
$$;

CREATE TABLE payroll.payroll_schedules (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    organization_id uuid NOT NULL,
    frequency       text NOT NULL CONSTRAINT payroll_schedules_frequency_known
        CHECK (frequency IN ('weekly', 'biweekly', 'semimonthly', 'monthly')),
    active_during   daterange NOT NULL
        CONSTRAINT payroll_schedules_period_sane CHECK (NOT isempty(active_during) AND NOT lower_inf(active_during)),
    next_run_on     date,
    updated_at      timestamptz NOT NULL DEFAULT now(),
    row_version     bigint NOT NULL DEFAULT 1,
    CONSTRAINT payroll_schedules_next_run_while_active CHECK (next_run_on <@ active_during),
    CONSTRAINT payroll_schedules_one_at_a_time EXCLUDE USING gist
        (organization_id WITH =, frequency WITH =, active_during WITH &&)
);
CREATE INDEX payroll_schedules_due_idx ON payroll.payroll_schedules (next_run_on) WHERE next_run_on IS NOT NULL;
CREATE TRIGGER payroll_schedules_version BEFORE UPDATE ON payroll.payroll_schedules
    FOR EACH ROW EXECUTE FUNCTION payroll.next_version();

CREATE TABLE payroll.payroll_runs (
    id              uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    organization_id uuid NOT NULL,
    schedule_id     bigint NOT NULL REFERENCES payroll.payroll_schedules,
    kind            text NOT NULL DEFAULT 'regular'
        CONSTRAINT payroll_runs_kind_known CHECK (kind IN ('regular', 'bonus', 'correction')),
    period_start    date NOT NULL,
    period_end      date NOT NULL,
    period          daterange GENERATED ALWAYS AS (daterange(period_start, period_end, '[]')) STORED,
    pay_date        date NOT NULL,
    currency        char(3) NOT NULL CONSTRAINT payroll_runs_currency_form CHECK (currency ~ '^[A-Z]{3}$'),
    status          text NOT NULL DEFAULT 'draft' CONSTRAINT payroll_runs_status_known
        CHECK (status IN ('draft', 'calculated', 'approved', 'paid', 'cancelled')),
    created_by      uuid NOT NULL,
    created_at      timestamptz NOT NULL DEFAULT now(),
    approved_by     uuid,
    approved_at     timestamptz,
    paid_at         timestamptz,
    item_count      integer,
    gross_total     numeric(20, 2),
    deduction_total numeric(20, 2),
    net_total       numeric(20, 2),
    updated_at      timestamptz NOT NULL DEFAULT now(),
    row_version     bigint NOT NULL DEFAULT 1,
    CONSTRAINT payroll_runs_period_in_order CHECK (period_start <= period_end),
    CONSTRAINT payroll_runs_paid_near_their_period CHECK (pay_date BETWEEN period_start AND period_end + 31),
    CONSTRAINT payroll_runs_four_eyes CHECK (approved_by <> created_by),
    CONSTRAINT payroll_runs_approved_is_complete CHECK (
        (status IN ('approved', 'paid')) = (num_nulls(approved_by, approved_at, item_count, gross_total, deduction_total, net_total) = 0)
        AND (num_nonnulls(approved_by, approved_at, item_count, gross_total, deduction_total, net_total) IN (0, 6))
    ),
    CONSTRAINT payroll_runs_totals_add_up CHECK (net_total = gross_total - deduction_total),
    CONSTRAINT payroll_runs_paid_has_a_time CHECK ((status = 'paid') = (paid_at IS NOT NULL)),
    CONSTRAINT payroll_runs_one_for_a_period EXCLUDE USING gist (schedule_id WITH =, period WITH &&)
        WHERE (kind = 'regular' AND status <> 'cancelled')
);
COMMENT ON TABLE payroll.payroll_runs IS 'Published: compliance reports from it. The totals are set by the approval, from the items.';
CREATE INDEX payroll_runs_organization_idx ON payroll.payroll_runs (organization_id, period_end DESC);
CREATE INDEX payroll_runs_open_idx ON payroll.payroll_runs (pay_date) INCLUDE (organization_id)
    WHERE status IN ('draft', 'calculated');

CREATE TABLE payroll.payroll_items (
    id               uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    run_id           uuid NOT NULL REFERENCES payroll.payroll_runs,
    employee_id      uuid NOT NULL,
    contract_id      uuid,
    base_pay         numeric(18, 2) NOT NULL CONSTRAINT payroll_items_base_not_negative CHECK (base_pay >= 0),
    overtime_pay     numeric(18, 2) NOT NULL DEFAULT 0 CONSTRAINT payroll_items_overtime_not_negative CHECK (overtime_pay >= 0),
    bonus_pay        numeric(18, 2) NOT NULL DEFAULT 0 CONSTRAINT payroll_items_bonus_not_negative CHECK (bonus_pay >= 0),
    income_tax       numeric(18, 2) NOT NULL DEFAULT 0 CONSTRAINT payroll_items_tax_not_negative CHECK (income_tax >= 0),
    social_security  numeric(18, 2) NOT NULL DEFAULT 0 CONSTRAINT payroll_items_social_not_negative CHECK (social_security >= 0),
    pension          numeric(18, 2) NOT NULL DEFAULT 0 CONSTRAINT payroll_items_pension_not_negative CHECK (pension >= 0),
    other_deductions numeric(18, 2) NOT NULL DEFAULT 0 CONSTRAINT payroll_items_other_not_negative CHECK (other_deductions >= 0),
    gross_pay        numeric(18, 2) NOT NULL GENERATED ALWAYS AS (base_pay + overtime_pay + bonus_pay) STORED,
    deductions       numeric(18, 2) NOT NULL
        GENERATED ALWAYS AS (income_tax + social_security + pension + other_deductions) STORED,
    net_pay          numeric(18, 2) NOT NULL GENERATED ALWAYS AS (
        base_pay + overtime_pay + bonus_pay - income_tax - social_security - pension - other_deductions
    ) STORED,
    updated_at       timestamptz NOT NULL DEFAULT now(),
    row_version      bigint NOT NULL DEFAULT 1,
    CONSTRAINT payroll_items_once_in_a_run UNIQUE (run_id, employee_id),
    CONSTRAINT payroll_items_net_not_negative CHECK (net_pay >= 0)
);
COMMENT ON TABLE payroll.payroll_items IS 'Published. Gross, deductions and net are computed and cannot be written.';
CREATE INDEX payroll_items_employee_idx ON payroll.payroll_items (employee_id, run_id) INCLUDE (gross_pay, net_pay);
