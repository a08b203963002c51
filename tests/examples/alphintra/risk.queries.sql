-- risk.risk_assessments_order_idx: why an order was let through
SELECT decision, rule_id FROM risk.risk_assessments WHERE order_id = md5('order77')::uuid;

-- risk.risk_assessments_rule_idx: what a rule has stopped, before somebody changes it
SELECT count(*), sum(order_value) FROM risk.risk_assessments WHERE rule_id = 77;

-- risk.risk_assessments_blocked_idx: a person's last blocked orders
SELECT order_id, order_value FROM risk.risk_assessments
WHERE user_id = md5('user80')::uuid AND decision = 'blocked' ORDER BY assessed_at DESC LIMIT 5;

-- risk.alerts_open_key: what is open now
SELECT rule_id, user_id FROM risk.alerts WHERE acknowledged_at IS NULL;

-- risk.alerts_user_idx: a person's last alerts
SELECT alert_id, measured FROM risk.alerts WHERE user_id = md5('user77')::uuid ORDER BY raised_at DESC LIMIT 5;

-- risk.audit_log_entity_idx: who changed a rule
SELECT occurred_at, action, actor FROM risk.audit_log
WHERE entity = 'risk_rules' AND entity_id = '77' ORDER BY occurred_at DESC;
