-- shared.audit_log_table_idx: the last changes of a table
SELECT changed_at, operation, actor FROM shared.audit_log
WHERE source = 'execution' AND table_name = 'table 7' ORDER BY changed_at DESC LIMIT 50;

-- shared.audit_log_actor_idx: what a login changed
SELECT changed_at, source, table_name FROM shared.audit_log WHERE actor = 'login 77' ORDER BY changed_at DESC LIMIT 50;
