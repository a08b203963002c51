-- What a payroll officer did after `freehold seed`: every month but the last is computed, approved and paid. A run begins
-- as a draft, also a made-up one, and its totals are nobody's to write: the approval sums the items.
--
--   psql "$(freehold url payroll --role owner)" -f after-seed/payroll.sql
BEGIN;
UPDATE payroll.payroll_runs SET status = 'calculated' WHERE status = 'draft' AND period_end < '2026-06-01';
UPDATE payroll.payroll_runs SET status = 'approved', approved_by = gen_random_uuid() WHERE status = 'calculated';
UPDATE payroll.payroll_runs SET status = 'paid', paid_at = pay_date + time '09:00' WHERE status = 'approved';
COMMIT;
