-- Computes the items of a run from the contracts and the settings that held when its period ended. This is what the
-- declared reads of the service are for: both tables belong to other services.

CREATE FUNCTION payroll.calculate(a_run uuid) RETURNS integer
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    run payroll.payroll_runs;
    setting record;
    made integer;
BEGIN
    SELECT * INTO run FROM payroll.payroll_runs WHERE id = a_run AND status = 'draft' FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'run % is not a draft', a_run USING ERRCODE = 'check_violation';
    END IF;
    SELECT pay_frequency, income_tax_rate, social_rate INTO setting
    FROM organization.organization_settings
    WHERE organization_id = run.organization_id AND in_force @> run.period_end AND currency = run.currency;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'organization % has no settings for % on %', run.organization_id, run.currency, run.period_end
            USING ERRCODE = 'no_data_found';
    END IF;
    DELETE FROM payroll.payroll_items WHERE run_id = a_run;
    INSERT INTO payroll.payroll_items (run_id, employee_id, contract_id, base_pay, income_tax, social_security)
    SELECT a_run,
           e.id,
           c.id,
           pay.amount,
           round(pay.amount * setting.income_tax_rate, 2),
           round(pay.amount * setting.social_rate, 2)
    FROM employee.employees AS e
    JOIN employee.employment_contracts AS c ON c.employee_id = e.id
    CROSS JOIN LATERAL (
        SELECT round(c.yearly_salary / CASE setting.pay_frequency
            WHEN 'weekly' THEN 52 WHEN 'biweekly' THEN 26 WHEN 'semimonthly' THEN 24 ELSE 12 END, 2)
    ) AS pay (amount)
    WHERE e.organization_id = run.organization_id
      AND (e.left_on IS NULL OR e.left_on >= run.period_end)
      AND c.in_force @> run.period_end
      AND c.currency = run.currency;
    GET DIAGNOSTICS made = ROW_COUNT;
    UPDATE payroll.payroll_runs SET status = 'calculated' WHERE id = a_run;
    RETURN made;
END;
$$;
COMMENT ON FUNCTION payroll.calculate(uuid) IS 'Makes the items of a draft anew and returns how many; base pay only.';
