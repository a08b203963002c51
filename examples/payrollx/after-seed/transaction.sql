-- What the bank did after `freehold seed`: of a hundred payments two wait, one is on its way, one came back. Each step is
-- in the log.
--
--   psql "$(freehold url transaction --role owner)" -f after-seed/transaction.sql
BEGIN;
UPDATE transaction.transactions
SET status = 'submitted', attempts = 1
WHERE status = 'pending' AND abs(hashtext(idempotency_key)) % 100 >= 2;

UPDATE transaction.transactions
SET status = 'settled', settled_at = due_at + interval '3 hours'
WHERE status = 'submitted' AND abs(hashtext(idempotency_key)) % 100 >= 4;

UPDATE transaction.transactions
SET status = 'failed', failure = 'account closed'
WHERE status = 'submitted' AND abs(hashtext(idempotency_key)) % 100 = 3;
COMMIT;
