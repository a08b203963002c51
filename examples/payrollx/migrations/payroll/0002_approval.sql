-- The life of a run: draft, calculated, approved, paid; or cancelled before it is approved.

CREATE FUNCTION payroll.guard_run() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    allowed boolean;
    -- a generated column has no value yet in a BEFORE trigger; it follows from columns that are compared
    moving constant text[] := '{status,paid_at,updated_at,row_version,period}';
BEGIN
    IF tg_op = 'INSERT' THEN
        IF new.status <> 'draft' THEN
            RAISE EXCEPTION 'a run begins as a draft' USING ERRCODE = 'integrity_constraint_violation';
        END IF;
        RETURN new;
    END IF;
    IF tg_op = 'DELETE' THEN
        IF old.status IN ('approved', 'paid') THEN
            RAISE EXCEPTION 'run % is % and stays', old.id, old.status USING ERRCODE = 'integrity_constraint_violation';
        END IF;
        RETURN old;
    END IF;
    allowed := new.status = old.status OR CASE old.status
        WHEN 'draft' THEN new.status IN ('calculated', 'cancelled')
        WHEN 'calculated' THEN new.status IN ('draft', 'approved', 'cancelled')
        WHEN 'approved' THEN new.status = 'paid'
        ELSE false
    END;
    IF NOT allowed THEN
        RAISE EXCEPTION 'a run that is % cannot become %', old.status, new.status
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF old.status IN ('approved', 'paid', 'cancelled') THEN
        IF to_jsonb(new) - moving <> to_jsonb(old) - moving
            OR old.status = new.status AND new.paid_at IS DISTINCT FROM old.paid_at THEN
            RAISE EXCEPTION 'run % is %; write a correction', old.id, old.status
                USING ERRCODE = 'integrity_constraint_violation';
        END IF;
    ELSIF new.status = 'approved' THEN
        -- items lock the run before they change, so what is summed here is what is approved
        SELECT count(*), sum(gross_pay), sum(deductions), sum(net_pay)
        INTO new.item_count, new.gross_total, new.deduction_total, new.net_total
        FROM payroll.payroll_items
        WHERE run_id = new.id;
        IF new.item_count = 0 THEN
            RAISE EXCEPTION 'run % has no items', new.id USING ERRCODE = 'check_violation';
        END IF;
        new.approved_at := clock_timestamp();
    ELSE
        new.item_count := NULL;
        new.gross_total := NULL;
        new.deduction_total := NULL;
        new.net_total := NULL;
        new.approved_by := NULL;
        new.approved_at := NULL;
    END IF;
    RETURN new;
END;
$$;
CREATE TRIGGER payroll_runs_guarded BEFORE INSERT OR UPDATE OR DELETE ON payroll.payroll_runs
    FOR EACH ROW EXECUTE FUNCTION payroll.guard_run();
CREATE TRIGGER payroll_runs_version BEFORE UPDATE ON payroll.payroll_runs
    FOR EACH ROW EXECUTE FUNCTION payroll.next_version();

CREATE FUNCTION payroll.guard_item() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    run_status text;
BEGIN
    IF tg_op = 'UPDATE' AND new.run_id <> old.run_id THEN
        RAISE EXCEPTION 'an item stays in its run' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    -- waits for an approval that is under way, and makes the next one wait for this
    SELECT status INTO run_status FROM payroll.payroll_runs
    WHERE id = CASE WHEN tg_op = 'DELETE' THEN old.run_id ELSE new.run_id END
    FOR SHARE;
    IF run_status NOT IN ('draft', 'calculated') THEN
        RAISE EXCEPTION 'the items of a run that is % do not change', run_status
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN coalesce(new, old);
END;
$$;
CREATE TRIGGER payroll_items_guarded BEFORE INSERT OR UPDATE OR DELETE ON payroll.payroll_items
    FOR EACH ROW EXECUTE FUNCTION payroll.guard_item();
CREATE TRIGGER payroll_items_version BEFORE UPDATE ON payroll.payroll_items
    FOR EACH ROW EXECUTE FUNCTION payroll.next_version();
